"""Segments and elements in words, and which elements a segment cannot do without.

The words are this project's own. ``*`` after an element's name marks it as mandatory in the X12
005010 segment; conditions between elements are not told here.
"""

from __future__ import annotations

from typing import NamedTuple


class SegmentWords(NamedTuple):
    """A segment in words.

    Attributes
    ----------
    name
        What the segment is.
    elements
        Names of elements 01, 02 and so on.
    mandatory
        Numbers of the elements that must not be empty.
    """

    name: str
    elements: tuple[str, ...]
    mandatory: tuple[int, ...]


_CODES = " error 1; error 2; error 3; error 4; error 5"
_SOURCE = {
    "ISA": "interchange header: authorization qualifier*; authorization; security qualifier*;"
    " security; sender qualifier*; sender*; receiver qualifier*; receiver*; date*; time*;"
    " repetition separator*; version*; control number*; TA1 wanted*; usage*; component separator*",
    "IEA": "interchange trailer: groups*; control number*",
    "TA1": "interchange acknowledgement: interchange*; its date*; its time*; result*; note*",
    "GS": "group header: functional id*; sender*; receiver*; date*; time*; control number*;"
    " agency*; version*",
    "GE": "group trailer: transactions*; control number*",
    "ST": "transaction header: transaction set*; control number*; guide",
    "SE": "transaction trailer: segments*; control number*",
    "BHT": "beginning of hierarchy: structure*; purpose*; reference; date; time; type",
    "HL": "level: number*; parent; level code*; has levels below",
    "NM1": "name: role*; person or organization*; last name or organization; first name;"
    " middle name; prefix; suffix; id qualifier; id; relationship; related role; name",
    "N1": "party: role*; name; id qualifier; id; relationship; role",
    "N2": "more of the name: name*; name",
    "N3": "street: street*; second line",
    "N4": "place: city; state; postal code; country; location qualifier; location; subdivision",
    "PER": "contact: function*; name; qualifier; number; qualifier; number; qualifier; number;"
    " inquiry reference",
    "REF": "reference: qualifier*; value; description; more references",
    "PRV": "provider: role*; qualifier; taxonomy; state; specialty; organization",
    "CUR": "currency: whose*; currency*; rate; whose; currency; market; when; date; time",
    "SBR": "subscriber: payer responsibility*; relationship; group number; group name;"
    " insurance type; coordination; response; employment; claim filing",
    "PAT": "patient: relationship; location; employment; student; date format; date of death;"
    " weight unit; weight; pregnant",
    "DMG": "demographics: date format; birth date; sex; marital status; ethnicity; citizenship;"
    " country; basis; quantity; list; code",
    "INS": "insured: is subscriber*; relationship*; change type; change reason; status;"
    " Medicare; COBRA; employment; student; handicapped; date format; date of death;"
    " confidentiality; city; state; country; birth sequence",
    "CLM": "claim: patient control number*; charge; filing; type; place : qualifier : frequency;"
    " signature on file; assignment; benefits assigned; release of information;"
    " patient signature source; related causes; special program; yes or no; level of service;"
    " yes or no; participation; claim status; explanation; claim submission reason; delay reason",
    "CL1": "institutional codes: admission type; admission source; patient status; nursing home",
    "DTP": "date or period: meaning*; format*; date*",
    "DTM": "date: meaning*; date; time; time code; format; period",
    "PWK": "attachment: report*; transmission; copies; whose; id qualifier; control number;"
    " description; actions; category",
    "CN1": "contract: type*; amount; percent; code; terms discount; version",
    "AMT": "amount: meaning*; amount*; credit or debit",
    "QTY": "quantity: meaning*; quantity; unit; free text",
    "K3": "fixed format: text*; type; unit",
    "NTE": "note: meaning; text*",
    "CR1": "ambulance: unit; weight; transport; reason; unit; distance; address; address;"
    " purpose; stretcher",
    "CR2": "chiropractic: number; count; level; level; unit; period; visits; condition;"
    " complication; description; description; x-rays",
    "CR3": "durable equipment: certification; unit; period; insulin; description",
    "CR5": "oxygen: certification; period",
    "CR6": "home health: prognosis*; start*",
    "CRC": "conditions: category*; applies*; condition*; condition; condition; condition;"
    " condition",
    "HI": "health codes: code*; code; code; code; code; code; code; code; code; code; code; code",
    "HCP": "pricing: method; allowed; saving; organization; rate; group; group amount;"
    " revenue; qualifier; procedure; unit; units; rejection; exception; compliance",
    "OI": "other insurance: filing; submission; benefits assigned; signature; agreement; release",
    "MIA": "inpatient adjudication: covered days*; outlier; psychiatric days; DRG amount; remark;"
    " disproportionate share; pass-through; capital; capital; capital; capital; old capital;"
    " capital; operating; cost days; operating; indirect; professional; capital; remark; remark;"
    " remark; remark; capital exception",
    "MOA": "outpatient adjudication: rate; payable; remark; remark; remark; remark; remark;"
    " renal disease; professional",
    "LX": "line: number*",
    "SV1": "professional service: procedure*; charge; unit; units; place; service type;"
    " diagnosis pointers; amount; emergency; review; early screening; family planning; review;"
    " review; copay exempt; shortage area; reference; postal code; amount; level; agreement",
    "SV2": "institutional service: revenue code*; procedure; charge; unit; units; rate;"
    " non-covered; yes or no; nursing home; level",
    "SV5": "equipment service: procedure*; unit*; days*; rental; purchase; frequency",
    "SVD": "adjudication by another payer: payer*; paid*; procedure; revenue code; units;"
    " bundled into",
    "LIN": "item: number; qualifier*; code*",
    "CTP": "drug quantity: class; price; unit price; quantity; unit",
    "MEA": "measurement: reference; qualifier; value",
    "LQ": "remark or form: list; code",
    "FRM": "form answer: question*; yes or no; text; date; percent",
    "CAS": "adjustment: group*; reason*; amount*; quantity; reason; amount; quantity; reason;"
    " amount; quantity; reason; amount; quantity; reason; amount; quantity; reason; amount;"
    " quantity",
    "BPR": "payment: handling*; amount*; credit or debit*; method*; format; bank qualifier; bank;"
    " account type; account; payer id; payer code; bank qualifier; bank; account type; account;"
    " settlement date; business function; bank qualifier; bank; account type; account",
    "TRN": "trace: type*; number*; originator; supplement",
    "RDM": "remittance delivery: method*; name; address",
    "TS3": "provider summary: provider*; facility*; fiscal year end*; claims*; charges*; amount;"
    " amount; amount; amount; amount; amount; amount; amount; amount; amount; amount; amount;"
    " amount; amount; amount; amount; amount; quantity; amount",
    "TS2": "provider supplement: DRG; federal; hospital; share; capital; education; outlier days;"
    " outlier; cost days; average days; discharges; cost outlier; covered days; noncovered days;"
    " pass-through; average weight; psychiatric; interest; operating",
    "CLP": "claim payment: patient control number*; status*; charge*; paid*;"
    " patient responsibility; claim filing; payer claim number; facility; frequency;"
    " patient status; DRG; DRG weight; discharge fraction; yes or no",
    "SVC": "service payment: procedure*; charge*; paid; revenue code; units paid;"
    " submitted procedure; units submitted",
    "PLB": "provider adjustment: provider*; fiscal year end*; reason : reference*; amount*;"
    " reason : reference; amount; reason : reference; amount; reason : reference; amount;"
    " reason : reference; amount; reason : reference; amount",
    "EQ": "question: service type; procedure; coverage level; insurance type; diagnosis pointer",
    "III": "more on the question: qualifier; code; category; text; quantity; unit; place",
    "EB": "benefit: information*; coverage level; service types; insurance type; plan; period;"
    " amount; share; quantity qualifier; quantity; authorization required; in network;"
    " procedure; diagnosis pointer",
    "HSD": "delivery: qualifier; quantity; unit; frequency; period; periods; calendar; time",
    "MSG": "message: text*; page control; number",
    "MPI": "military: status*; employment*; affiliation*; description; rank; format; period",
    "AAA": "request validation: valid*; agency; reject reason; follow-up",
    "LS": "loop begins: loop*",
    "LE": "loop ends: loop*",
    "STC": "status: category : status : entity*; effective date; action; charge; paid;"
    " final date; payment method; remittance date; remittance number; status; status; message",
    "AK1": "group acknowledged: functional id*; control number*; version",
    "AK2": "transaction acknowledged: transaction set*; control number*; guide",
    "IK3": "segment in error: segment*; position*; loop; error",
    "CTX": "context: what*; segment; position; loop; element; reference",
    "IK4": "element in error: position*; element; error*; bad value",
    "IK5": "transaction result: result*;" + _CODES,
    "AK9": "group result: result*; transactions*; received*; accepted*;" + _CODES,
}


def _parsed(source: str) -> SegmentWords:
    name, _, rest = source.partition(": ")
    elements = [each.strip() for each in rest.split(";")]
    return SegmentWords(
        name,
        tuple(each.rstrip("*") for each in elements),
        tuple(number for number, each in enumerate(elements, 1) if each.endswith("*")),
    )


SEGMENTS: dict[str, SegmentWords] = {name: _parsed(source) for name, source in _SOURCE.items()}
"""Segments by their letters."""
