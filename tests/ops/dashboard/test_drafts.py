"""What is kept of a campaign between its preview and its start."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from producer import drafting
from producer.contract import keys
from producer.contract.campaigns import Campaign, Recipient
from producer.contract.messages import CampaignId, Msisdn
from producer.drafting import Draft, Drafts
from producer.intake import TakenOverError
from tests.ops.dashboard.uploading import campaigns, left_over
from tests.worker.plain import NAME
from tests.worker.scene import Scene


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that uploads of others do not count as left over."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


async def draft(stage: Scene, name: str) -> Draft:
    """A draft of two recipients."""
    campaign = Campaign(id=CampaignId(name), account=NAME, text="Hello")
    loading = await Drafts(stage.redis).begin(campaign)
    people = [Recipient(msisdn=Msisdn("306912345670")), Recipient(msisdn=Msisdn("306912345671"))]
    await loading.store([(0, people)])
    return Draft(
        key=name.encode().hex(),
        owner="me",
        campaign=campaign,
        token=loading.token,
        file_name="f",
        chunks=1,
        accepted=2,
    )


async def test_drafts_are_few_and_go_with_time(stage: Scene) -> None:
    kept = Drafts(stage.redis)
    made = []
    for number in range(drafting.MOST + 1):
        made.append(await draft(stage, f"draft-{number}"))
        await kept.keep(made[-1])
    assert await kept.find(made[0].key, "me") is None
    assert not await stage.redis.exists(keys.campaign(made[0].campaign.id))
    assert await kept.find(made[-1].key, "me") == made[-1]
    assert await kept.find(made[-1].key, "you") is None
    for name in (keys.campaign(made[-1].campaign.id), keys.chunks(made[-1].campaign.id), keys.draft(made[-1].key)):
        assert 0 < await stage.redis.ttl(name) <= drafting.LIFE
    assert await kept.drop_all() == drafting.MOST
    assert await left_over(stage) == []


async def test_a_files_name_may_be_any_bytes(stage: Scene) -> None:
    made = replace(await draft(stage, "spring"), file_name="\udcff.csv")
    await Drafts(stage.redis).keep(made)
    found = await Drafts(stage.redis).find(made.key, "me")
    assert found is not None
    assert found.file_name == "\\udcff.csv"


async def test_a_draft_whose_recipients_have_gone_is_gone(stage: Scene) -> None:
    kept, made = Drafts(stage.redis), await draft(stage, "spring")
    await kept.keep(made)
    await stage.redis.delete(keys.campaign(made.campaign.id))
    assert await kept.find(made.key, "me") is None
    with pytest.raises(TakenOverError):
        await kept.start(made)
    assert await campaigns(stage) == 0
