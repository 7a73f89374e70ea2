from .bg_nbd import BgNbd as BgNbd
from .gamma_gamma import GammaGamma as GammaGamma
from .gamma_gamma import fit_gamma_gamma as fit_gamma_gamma
from .gamma_gamma import frequency_spend_correlation as frequency_spend_correlation
from .scores import fit_bg_nbd as fit_bg_nbd
from .scores import score_customers as score_customers
