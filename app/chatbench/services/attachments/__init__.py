"""Files on their way to a model: taken in, judged, stored once, made ready for each model that is asked."""

from chatbench.documents.archives import Entry
from chatbench.documents.pdf import PdfFacts
from chatbench.services.attachments.capabilities import Capability
from chatbench.services.attachments.forms import Form, Outlook
from chatbench.services.attachments.judging import Candidate, Verdict
from chatbench.services.attachments.sending import Ready
from chatbench.services.attachments.service import AttachmentService

__all__ = [
    "AttachmentService",
    "Candidate",
    "Capability",
    "Entry",
    "Form",
    "Outlook",
    "PdfFacts",
    "Ready",
    "Verdict",
]
