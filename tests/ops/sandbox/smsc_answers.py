"""Every answer of the smsc family in every format, as the documents write it."""

from ops.sandbox.smsc import answers as said

PHONE = "79990000001"
WHO = {"login": "demo", "psw": "demo-secret"}
UNIX = 1_795_000_000  # 18.11.2026 14:06:40 in Moscow
PLACE = said.Place(country="RU", operator="MTS", region="Moscow", mccmnc="25001")
SENT = said.SentRow(
    status=20,
    changed=UNIX + 2,
    err=245,
    sent=UNIX,
    phone=PHONE,
    cost="1.44",
    sender="ACME",
    status_name="Undeliverable",
    text="Hi, <you>",
    place=PLACE,
    kind=0,
    reference="v-1",
    number=7,
    segments=1,
    crc=5,
)
ROW = said.PhoneRow(phone=PHONE, mccmnc="25001", cost="0", status=22, error=249)
NOBODY = said.Unknown(phone=PHONE, reference="5")
ANSWER = said.AnswerRow(id=3, received=UNIX, phone=PHONE, text="a, b", to_phone="100", sent=UNIX)
OPERATOR = said.OperatorRow(phone=PHONE, country="RU", operator="MTS", region="", mcc="250", mnc="01", tz="0")
ZONE = said.Zone(zone="1", name="RU", api="1", mass="2", mms="3", hlr="4", call="5")
TASK = said.TaskRow(id=1, name="may", status=1, created=UNIX, started=UNIX, file="")


_DATES = "18.11.2026 14:06:42"
_SENT_AT = "18.11.2026 14:06:40"


# answer -> fmt 0, 1 and 2 (line ends and indents of XML taken out); S1, S3: documented; others as `layouts` says
CASES: dict[str, tuple[said.Answer, str, str, str]] = {
    "an error": (
        said.Refusal(code=2),
        "ERROR = 2 (authorise error)",
        "0,-2",
        "<result><error>authorise error</error><error_code>2</error_code></result>",
    ),
    "an error with an id": (
        said.Refusal(code=7, reference="34"),
        "ERROR = 7 (invalid number), ID - 34",
        "34,-7",
        "<result><error>invalid number</error><error_code>7</error_code><id>34</id></result>",
    ),
    "a send": (
        said.Taken(segments=1, reference="279"),
        "OK - 1 SMS, ID - 279",
        "279,1",
        "<result><id>279</id><cnt>1</cnt></result>",
    ),
    "a send with its cost and a bad number": (
        said.Taken(segments=2, reference="a", cost="2.88", balance="7", phones=(ROW,)),
        (
            f"OK - 2 SMS, ID - a, COST - 2.88, BALANCE - 7\n"
            f"phone = {PHONE}, mccmnc = 25001, cost = 0, status = 22, error = 249"
        ),
        f"a,2,2.88,7\n{PHONE},25001,0,22,249",
        (
            "<result><id>a</id><cnt>2</cnt><cost>2.88</cost><balance>7</balance><phones>"
            f'<phone mccmnc="25001" cost="0" status="22" error="249">{PHONE}</phone></phones></result>'
        ),
    ),
    "a price": (
        said.Priced(segments=1, cost="1.44"),
        "1.44 (1 SMS)",
        "1.44,1",
        "<result><cnt>1</cnt><cost>1.44</cost></result>",
    ),
    "a balance": (said.Balance(amount="250.8"), "250.8", "250.8", "<result><balance>250.8</balance></result>"),
    "a balance with its currency": (
        said.Balance(amount="1", currency="RUR", credit="5"),
        "1, RUR, 5",
        "1,RUR,5",
        "<result><balance>1</balance><currency>RUR</currency><credit>5</credit></result>",
    ),
    "a status": (
        said.Statuses(found=(SENT,), detail=0, multiple=False),
        f"Status = 20, check_time = {_DATES}, err = 245",
        "20,1795000002,245",
        (
            f"<status><status>20</status><last_date>{_DATES}</last_date><last_timestamp>1795000002</last_timestamp>"
            "<err>245</err></status>"
        ),
    ),
    "a full status": (
        said.Statuses(found=(SENT,), detail=1, multiple=False),
        (
            f"Status = 20, check_time = {_DATES}, err = 245, send_date = {_SENT_AT}, phone = {PHONE}, cost = 1.44, "
            "sender_id = ACME, status_name = Undeliverable, message = Hi, <you>"
        ),
        f"20,1795000002,245,1795000000,{PHONE},1.44,ACME,Undeliverable,Hi, <you>",
        (
            f"<status><status>20</status><last_date>{_DATES}</last_date><last_timestamp>1795000002</last_timestamp>"
            f"<err>245</err><send_date>{_SENT_AT}</send_date><send_timestamp>1795000000</send_timestamp>"
            f"<phone>{PHONE}</phone><cost>1.44</cost><sender_id>ACME</sender_id><status_name>Undeliverable</status_name>"
            "<message>Hi, &lt;you&gt;</message><type>0</type><sms_cnt>1</sms_cnt></status>"
        ),
    ),
    "many statuses": (
        said.Statuses(found=(SENT, NOBODY), detail=0, multiple=True),
        (
            f"Status = 20, check_time = {_DATES}, err = 245, ID = v-1, phone = {PHONE}\n"
            f"Status = -3, ID = 5, phone = {PHONE}"
        ),
        f"20,1795000002,245,v-1,{PHONE}\n-3,,0,5,{PHONE}",
        (
            f"<statuses><status><status>20</status><last_date>{_DATES}</last_date>"
            "<last_timestamp>1795000002</last_timestamp><err>245</err>"
            f"<id>v-1</id><phone>{PHONE}</phone></status>"
            f"<status><status>-3</status><id>5</id><phone>{PHONE}</phone></status></statuses>"
        ),
    ),
    "a history": (
        said.History(found=(SENT,)),
        (
            f"Status = 20, check_time = {_DATES}, err = 245, send_date = {_SENT_AT}, phone = {PHONE}, "
            "mccmnc = 25001, country = RU, operator = MTS, region = Moscow, cost = 1.44, sender_id = ACME, "
            "status_name = Undeliverable, message = Hi, <you>, type = 0, ID = v-1, int_id = 7, sms_cnt = 1, "
            "format = 0, crc = 5"
        ),
        (f"20,1795000002,245,1795000000,{PHONE},25001,RU,MTS,Moscow,1.44,ACME,Undeliverable,Hi, <you>,0,v-1,7,1,0,5"),
        (
            f"<list><sms><status>20</status><last_date>{_DATES}</last_date><last_timestamp>1795000002</last_timestamp>"
            f"<err>245</err><send_date>{_SENT_AT}</send_date><send_timestamp>1795000000</send_timestamp>"
            f"<phone>{PHONE}</phone><cost>1.44</cost><sender_id>ACME</sender_id><status_name>Undeliverable</status_name>"
            "<message>Hi, &lt;you&gt;</message><type>0</type><country>RU</country><operator>MTS</operator>"
            "<region>Moscow</region><mccmnc>25001</mccmnc><id>v-1</id><int_id>7</int_id><sms_cnt>1</sms_cnt>"
            "<format>0</format><crc>5</crc></sms></list>"
        ),
    ),
    "incoming messages": (
        said.Answers(found=(ANSWER,)),
        f"id = 3, received = {_SENT_AT}, phone = {PHONE}, message = a, b, to_phone = 100, sent = {_SENT_AT}",
        f"3,{_SENT_AT},{PHONE},100,{_SENT_AT},a, b",
        (
            f"<sms_answers><sms><id>3</id><received>{_SENT_AT}</received><phone>{PHONE}</phone>"
            f"<message>a, b</message><to_phone>100</to_phone><sent>{_SENT_AT}</sent></sms></sms_answers>"
        ),
    ),
    "no incoming messages": (said.Answers(found=()), "", "", "<sms_answers></sms_answers>"),
    "statistics": (
        said.Stat(found=(said.StatRow(login="demo", sms=2, credit="0", debit="2.88", currency="RUR"),)),
        "login = demo, sms = 2, credit = 0, debit = 2.88, currency = RUR",
        "demo,2,0,2.88,RUR",
        (
            "<list><stat><login>demo</login><sms>2</sms><credit>0</credit><debit>2.88</debit><currency>RUR</currency>"
            "</stat></list>"
        ),
    ),
    "a tariff": (
        said.Price(zones=(ZONE,), codes=(("25001", "1.4"),), mail="0.1"),
        (
            "zone = 1, name = RU, api = 1, mass = 2, mms = 3, hlr = 4, call = 5\n"
            "mccmnc = 25001, cost = 1.4\nmail = 0.1"
        ),
        "1,RU,1,2,3,4,5\n25001,1.4\n0.1",
        (
            '<price><zones><zone name="RU" api="1" mass="2" mms="3" hlr="4" call="5">1</zone></zones>'
            '<codes><mccmnc cost="1.4">25001</mccmnc></codes><mail>0.1</mail></price>'
        ),
    ),
    "one operator": (
        said.Operators(found=(OPERATOR,), multiple=False),
        "country = RU, operator = MTS, region = , mcc = 250, mnc = 01, tz = 0",
        "RU,MTS,,250,01,0",
        (
            "<info><country>RU</country><operator>MTS</operator><region></region><mcc>250</mcc><mnc>01</mnc><tz>0</tz>"
            "</info>"
        ),
    ),
    "many operators": (
        said.Operators(found=(OPERATOR,), multiple=True),
        f"country = RU, operator = MTS, region = , mcc = 250, mnc = 01, tz = 0, phone = {PHONE}",
        f"RU,MTS,,250,01,0,{PHONE}",
        (
            "<list><info><country>RU</country><operator>MTS</operator><region></region><mcc>250</mcc><mnc>01</mnc>"
            f"<tz>0</tz><phone>{PHONE}</phone></info></list>"
        ),
    ),
    "a short link": (
        said.TinyUrl(id="9", cnt=5, cnt_mon=4, cnt_day=1, cnt_yes=2, cnt_pmon=1, link="https://s/9"),
        "id = 9, cnt = 5, cnt_mon = 4, cnt_day = 1, cnt_yes = 2, cnt_pmon = 1, link = https://s/9",
        "9,5,4,1,2,1,https://s/9",
        (
            "<result><id>9</id><cnt>5</cnt><cnt_mon>4</cnt_mon><cnt_day>1</cnt_day><cnt_yes>2</cnt_yes>"
            "<cnt_pmon>1</cnt_pmon><link>https://s/9</link></result>"
        ),
    ),
    "templates": (
        said.Templates(found=(said.Template(id=1, name="n", format="sms", sender="", flag=1, text="m"),)),
        "id = 1, name = n, format = sms, sender = , flag = 1, message = m",
        "1,n,sms,,1,m",
        (
            "<list><template><id>1</id><name>n</name><format>sms</format><sender></sender><flag>1</flag>"
            "<message>m</message></template></list>"
        ),
    ),
    "a new template": (said.TemplateAdded(id=4), "ID - 4", "4", "<template><id>4</id></template>"),
    "done": (said.Done(), "OK", "OK", "<result>OK</result>"),
    "a number for rent": (
        said.Numbers(found=(said.Number(phone="1", type=2, cost="30", current_cost="13", info="x"),)),
        "phone = 1, type = 2, cost = 30, current_cost = 13, info = x",
        "1,2,30,13,x",
        (
            "<phones><phone><phone>1</phone><type>2</type><cost>30</cost><current_cost>13</current_cost><info>x</info>"
            "</phone></phones>"
        ),
    ),
    "a rented number": (said.Rented(cost="13"), "cost = 13", "13", "<result><cost>13</cost></result>"),
    "a number to call": (
        said.CallNumber(phone="1", all_phones=("1", "2")),
        "phone = 1, all_phones = 1,2",
        "1,1,2",
        "<result><phone>1</phone><all_phones>1,2</all_phones></result>",
    ),
    "tasks": (
        said.Tasks(found=(TASK,)),
        f"id = 1, name = may, status = 1, created = {_SENT_AT}, time = {_SENT_AT}, file = ",
        f"1,may,1,{_SENT_AT},{_SENT_AT},",
        (
            f"<list><task><id>1</id><name>may</name><status>1</status><created>{_SENT_AT}</created>"
            f"<time>{_SENT_AT}</time><file></file></task></list>"
        ),
    ),
}
