"""What an smsc send request may carry besides text, numbers, sender ID and client id: the table of its options."""

from typing import Final

from producer.contract.options import SendOption

# A3 [G-msg G-net G-cs] unless said otherwise
SEND_OPTIONS: Final = (
    SendOption(name="translit", meaning="1: translit, 2: mpaHc/Ium", choices=("0", "1", "2")),
    SendOption(name="tinyurl", meaning="1: shorten links and count their clicks", choices=("0", "1")),
    SendOption(
        name="time",
        meaning="when: DDMMYYhhmm, DD.MM.YY hh:mm, h1-h2 (hours), 0ts (unix time) or +minutes",
        pattern=r"0|[0-9]{10,11}|[0-9]{2}\.[0-9]{2}\.[0-9]{2} [0-9]{2}:[0-9]{2}|[0-9]{1,2}-[0-9]{1,2}|\+[0-9]{1,7}",
    ),
    SendOption(name="tz", meaning="zone of time, hours relative to Moscow", least=-24, most=24),
    SendOption(
        name="period",
        meaning="spread over so many hours, 0.1 to 720",
        pattern=r"0\.[1-9]|(?:[1-9][0-9]?|[1-6][0-9]{2}|7[01][0-9])(?:\.[0-9])?|720",
    ),
    SendOption(name="freq", meaning="minutes between groups, 1 to 1440; without period nothing", least=1, most=1440),
    SendOption(
        name="valid",
        meaning="life time: 1 to 24 (hours), or hh:mm from 00:01 to 24:00",
        pattern=r"[1-9]|1[0-9]|2[0-4]|24:00|(?!00:00)(?:[01][0-9]|2[0-3]):[0-5][0-9]",
    ),
    SendOption(name="maxsms", meaning="cut the text to so many segments", least=1, most=255),
    SendOption(name="flash", meaning="1: flash SMS", choices=("0", "1")),
    SendOption(name="pp", meaning="referral id, digits and letters", pattern=r"[0-9A-Za-z]{1,32}"),
    # S4: a form's captcha is checked by the provider, and only together with the visitor's address
    SendOption(
        name="imgcode",
        meaning="what the visitor read in the captcha, digits and letters",
        pattern=r"[0-9A-Za-z]{1,32}",
        needs="userip",
        single=True,
    ),
    SendOption(
        name="userip",
        meaning="the visitor's address; the account's daily limit for one address counts it (A3 [G-net])",
        pattern=r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]{2,45}",
        single=True,
    ),
)
"""For an account (`[accounts.NAME.send]`), a campaign, or a single message."""
