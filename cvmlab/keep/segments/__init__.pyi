from .rfm import RFM_LABELS as RFM_LABELS
from .rfm import bridge as bridge
from .rfm import rfm_labels as rfm_labels
