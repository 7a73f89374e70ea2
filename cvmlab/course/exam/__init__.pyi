from .deck import Card as Card
from .deck import Cards as Cards
from .deck import card as card
from .deck import cards as cards
from .deck import forget_cards as forget_cards
