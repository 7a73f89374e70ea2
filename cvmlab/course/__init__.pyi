from . import exam as exam
from . import feedback as feedback
from .copying import CourseCopy as CourseCopy
from .copying import copy_course as copy_course
from .lab import lab_command as lab_command
from .lab import missing_language_pack as missing_language_pack
from .lab import open_lab as open_lab
