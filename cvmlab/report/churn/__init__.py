"""What a report on a table of subscribers shows: who left, what it costs, whom to call, what the table cannot say."""
