"""The fields of every answer: names, order, JSON types as documents and recorded answers show them (A1-A10)."""

from typing import Any

from ops.sandbox.smsc import layouts
from ops.sandbox.smsc.answers import (
    AnswerRow,
    Answers,
    Balance,
    CallNumber,
    History,
    Number,
    Numbers,
    OperatorRow,
    Operators,
    Rented,
    SentRow,
    Stat,
    StatRow,
    Statuses,
    TaskRow,
    Tasks,
    Template,
    Templates,
    TinyUrl,
    Unknown,
)
from ops.sandbox.smsc.dates import date_time

Row = dict[str, Any]  # Any: JSON values, str or int

Single = Balance | TinyUrl | Rented | CallNumber
Tabular = Single | Statuses | History | Answers | Stat | Operators | Templates | Numbers | Tasks


def table_of(answer: Tabular) -> tuple[list[Row], layouts.Layout, bool]:
    """Give an answer's rows, its layout, and whether it is a list."""
    match answer:
        case Balance() | TinyUrl() | Rented() | CallNumber():
            return _single(answer)
        case Statuses():
            rows = [_status(row, answer) for row in answer.found]
            return rows, _status_layout(answer), answer.multiple
        case History():
            return [_history(row) for row in answer.found], layouts.HISTORY, True
        case Answers():
            return [_answer(row) for row in answer.found], layouts.ANSWERS, True
        case Operators():
            layout = layouts.OPERATORS if answer.multiple else layouts.OPERATOR
            return [_operator(row, phone=answer.multiple) for row in answer.found], layout, answer.multiple
        case _:
            return _list(answer)


def reference_of(reference: str) -> int | str:
    """Give an id its JSON type: a number unless the client gave a text (A1)."""
    is_number = reference.isascii() and reference.isdecimal() and len(reference) <= 10
    return int(reference) if is_number else reference


def _single(answer: Single) -> tuple[list[Row], layouts.Layout, bool]:
    match answer:
        case Balance():
            more = {"currency": answer.currency, "credit": answer.credit}
            told = {name: value for name, value in more.items() if value}
            return [{"balance": answer.amount} | told], layouts.BALANCE, False
        case TinyUrl():
            names = ("id", "cnt", "cnt_mon", "cnt_day", "cnt_yes", "cnt_pmon", "link")
            return [{name: str(getattr(answer, name)) for name in names}], layouts.TINYURL, False
        case Rented():
            return [{"cost": answer.cost}], layouts.RENTED, False
        case CallNumber():
            row = {"phone": answer.phone, "all_phones": ",".join(answer.all_phones)}
            return [row], layouts.CALL, False


def _list(answer: Stat | Templates | Numbers | Tasks) -> tuple[list[Row], layouts.Layout, bool]:
    match answer:
        case Stat():
            return [_stat(row) for row in answer.found], layouts.STAT, True
        case Templates():
            return [_template(row) for row in answer.found], layouts.TEMPLATES, True
        case Numbers():
            return [_number(row) for row in answer.found], layouts.NUMBERS, True
        case Tasks():
            return [_task(row) for row in answer.found], layouts.TASKS, True


def _status_layout(statuses: Statuses) -> layouts.Layout:
    if statuses.detail:
        return layouts.STATUS_FULL if statuses.detail == 1 else layouts.STATUS_PLACE
    return layouts.STATUS_MANY if statuses.multiple else layouts.STATUS


def _status(row: SentRow | Unknown, statuses: Statuses) -> Row:
    if isinstance(row, Unknown):
        return {"status": -3, "id": reference_of(row.reference), "phone": row.phone}
    shown = _change(row)
    if row.err:
        shown["err"] = row.err
    if statuses.detail:
        shown |= _about(row) | (_place(row) if statuses.detail == 2 else {}) | {"sms_cnt": row.segments}
    if statuses.multiple:
        shown |= {"id": reference_of(row.reference), "phone": row.phone}
    return shown


def _change(row: SentRow) -> Row:
    return {"status": row.status, "last_date": date_time(row.changed), "last_timestamp": row.changed}


def _about(row: SentRow) -> Row:
    return {
        "send_date": date_time(row.sent),
        "send_timestamp": row.sent,
        "phone": row.phone,
        "cost": row.cost,
        "sender_id": row.sender,
        "status_name": row.status_name,
        "message": row.text,
        "type": row.kind,
    }


def _place(row: SentRow) -> Row:
    place = row.place
    return {
        "country": place.country,
        "operator": place.operator,
        "region": place.region,
        "mccmnc": place.mccmnc,
    }


def _history(row: SentRow) -> Row:
    identity = {"id": reference_of(row.reference), "int_id": str(row.number)}
    size = {"sms_cnt": row.segments, "format": 0, "crc": row.crc}
    return _change(row) | {"err": row.err} | _about(row) | _place(row) | identity | size


def _answer(row: AnswerRow) -> Row:
    return {
        "id": row.id,
        "received": date_time(row.received),
        "phone": row.phone,
        "message": row.text,
        "to_phone": row.to_phone,
        "sent": date_time(row.sent),
    }


def _operator(row: OperatorRow, *, phone: bool) -> Row:
    names = ("country", "operator", "region", "mcc", "mnc", "tz", *(("phone",) if phone else ()))
    return {name: getattr(row, name) for name in names}


def _stat(row: StatRow) -> Row:
    return {
        "login": row.login,
        "sms": str(row.sms),
        "credit": row.credit,
        "debit": row.debit,
        "currency": row.currency,
    }


def _template(row: Template) -> Row:
    own = {"id": row.id, "name": row.name, "format": row.format, "sender": row.sender}
    return own | {"flag": row.flag, "message": row.text}


def _number(row: Number) -> Row:
    own = {"phone": row.phone, "type": str(row.type), "cost": row.cost}
    return own | {"current_cost": row.current_cost, "info": row.info}


def _task(row: TaskRow) -> Row:
    started = "" if row.started is None else date_time(row.started)
    own: Row = {"id": row.id, "name": row.name, "status": row.status}
    return own | {"created": date_time(row.created), "time": started, "file": row.file}
