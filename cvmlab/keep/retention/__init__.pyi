from .life_tables import life_table as life_table
