"""How the restv2 family's answers are written: one pure function per type (`v2`, `json`, `xml`)."""

from typing import Any
from xml.sax.saxutils import escape

from ops.sandbox.restv2.answers import (
    ACCEPTED,
    NO_REPORT,
    NOTHING_NEW,
    PURGED,
    REMARKS,
    SUCCESS,
    Answer,
    Balance,
    Bulk,
    Changes,
    Failed,
    Key,
    Mobile,
    Past,
    PastRow,
    Purged,
    Report,
    Sent,
)

Row = dict[str, str]
Json = dict[str, Any]  # Any: JSON values


def as_json(answer: Answer) -> Json:
    """Give an answer the JSON shape of B2-B10: every number is a string."""
    head, rows = parts_of(answer)
    match answer:
        case Changes() | Past():
            return {str(place): row for place, row in enumerate(rows)} | head
        case Bulk():
            return {"id": [row["id"] for row in rows], "sms": rows} | head
        case Report() if rows:
            return {"0": rows[0], "sms": rows[0]} | head
        case Mobile():
            return {"mobile": rows[0]} | head
        case _:
            return {**head}


def as_xml(answer: Answer) -> str:
    """Write an answer as XML (S0, S2); rows of version 3 are guesses after status/get."""
    head, rows = parts_of(answer)
    tag = "mobile" if isinstance(answer, Mobile) else "sms"
    inside = "".join(f"   <{tag}>\n{_children(row, 6)}   </{tag}>\n" for row in rows)
    return f"<response>\n{_children(head, 3)}{inside}</response>"


def as_text(answer: Answer, *, odd: bool = False) -> str:
    """Write the plain v2 form: bare values, `0` for a failure, pipes between ids and letters (S0, S2).

    `odd`: the pipes with uneven spaces, CRLF, a blank line and a pipe at the very end.
    """
    match answer:
        case Changes():
            return pipes_of(answer.rows, odd=odd)
        case Past():
            return pipes_of(tuple((row.id, row.letter) for row in answer.rows), odd=odd)
        case Bulk():
            return "\n".join(own for own, _ in answer.sent)
        case _:
            return _bare(answer)


def pipes_of(rows: tuple[tuple[str, str], ...], *, odd: bool) -> str:
    """Write ids and letters between pipes as S2 shows them, or oddly."""
    if not odd:
        return " |\n".join(f"{own} | {letter}" for own, letter in rows)
    shapes = ("{}|{}|\r\n", " {} | {} |\r\n\r\n", "{}  |{} | \n")
    return "".join(shapes[place % 3].format(own, letter) for place, (own, letter) in enumerate(rows))


def parts_of(answer: Answer) -> tuple[Row, list[Row]]:
    """Split an answer into the fields of its envelope and its rows."""
    match answer:
        case Failed() | Sent() | Balance() | Key() | Purged():
            return _envelope(answer), []
        case Changes():
            rows = [{"id": own, "status": letter} for own, letter in answer.rows]
            return _list_head(len(rows)), rows
        case Bulk():
            return _bulk_head(answer), [{"id": own, "smsId": own, "msisdn": to} for own, to in answer.sent]
        case Report():
            return _report_head(answer), [_report(answer)] if answer.letter else []
        case Past():
            return _list_head(len(answer.rows)), [_past(row) for row in answer.rows]
        case Mobile():
            return {"status": "1", "error": "0", "remarks": SUCCESS}, [_mobile(answer)]


def _bare(answer: Failed | Sent | Balance | Key | Purged | Report | Mobile) -> str:
    """Give the one value of an answer; what version 3 says in plain text is a guess."""
    match answer:
        case Failed():
            return "0"
        case Purged():
            return "1"
        case Sent():
            return answer.id
        case Report():
            return answer.letter
        case Mobile():
            return answer.msisdn
        case _:
            return answer.key if isinstance(answer, Key) else answer.balance


def _envelope(answer: Failed | Sent | Balance | Key | Purged) -> Row:
    match answer:
        case Failed():
            sent = {"id": "0", "balance": answer.balance} if answer.balance else {}
            remarks = answer.remarks or REMARKS[answer.error]
            return {"status": "0"} | sent | {"error": str(answer.error), "remarks": remarks}
        case Sent():
            return _sent(answer)
        case Balance():
            return {"status": "1", "balance": answer.balance, "remarks": SUCCESS}
        case Key():
            return {"status": "1", "key": answer.key, "remarks": SUCCESS}
        case Purged():
            return {"status": "1", "error": "0", "remarks": PURGED}


def _sent(answer: Sent) -> Row:
    head = {"status": "1"} | ({"id": answer.id} if answer.id else {}) | {"balance": answer.balance}
    if answer.cost is None:
        return head | {"remarks": SUCCESS}
    told = {"cost": answer.cost.cost, "mcc": answer.cost.mcc, "mnc": answer.cost.mnc}
    return head | told | {"error": "0", "remarks": ACCEPTED}


def _list_head(total: int) -> Row:
    if not total:
        return {"status": "1", "remarks": NOTHING_NEW, "total": "0", "error": "0"}
    return {"status": "1", "total": str(total), "remarks": SUCCESS}


def _bulk_head(bulk: Bulk) -> Row:
    accepted = len(bulk.sent)
    return {
        "status": "1",
        "error": "0",
        "balance": bulk.balance,
        "cost": bulk.cost,
        "accepted": str(accepted),
        "rejected": str(bulk.rejected),
        "remarks": f"{ACCEPTED}: {accepted}, Not accepted for delivery: {bulk.rejected}",
    }


def _report_head(report: Report) -> Row:
    return {"status": "1", "error": "0", "remarks": SUCCESS if report.letter else NO_REPORT}


def _report(report: Report) -> Row:
    own = {"id": report.id, "smsId": report.id, "status": report.letter}
    return own | {"cost": report.cost, "ttd": report.ttd}


def _past(row: PastRow) -> Row:
    own = {"smsId": row.id, "sender": row.sender, "to": row.to, "text": row.text}
    return own | {"timestamp": str(row.timestamp), "status": row.letter, "cost": row.cost, "ttd": row.ttd}


def _mobile(mobile: Mobile) -> Row:
    own = {"msisdn": mobile.msisdn, "national": mobile.national, "country": mobile.country}
    code = {"countryCode": mobile.country_code, "gsmCode": mobile.gsm_code, "number": mobile.number}
    return own | code | {"mcc": mobile.mcc, "mnc": mobile.mnc, "cost": mobile.cost}


def _children(row: Row, indent: int) -> str:
    return "".join(f"{' ' * indent}<{name}>{escape(value)}</{name}>\n" for name, value in row.items())
