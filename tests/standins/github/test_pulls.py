"""Pull requests and their conversation through PyGithub."""

from __future__ import annotations

import github
import pytest

from tests.standins.github.desk import REPO, Desk, opened, refusal


def test_a_pull_request_lives_from_open_to_merged(desk: Desk, token: str) -> None:
    pull = opened(desk, token)
    assert (pull.merged, pull.mergeable, pull.draft) == (False, True, False)
    assert pull.head.sha == desk.hub.refs(REPO)["refs/heads/ai/X"]
    assert [f.filename for f in pull.get_files()] == ["new.txt"]
    assert [c.commit.message for c in pull.get_commits()] == ["Add"]
    pull.edit(title="Better", body="because")
    newer = desk.hub.as_user("rita").push(REPO, "ai/X", {"more.txt": "x"}, "More")
    listed = list(desk.client(token).get_pulls(state="open", head="acme:ai/X", base="main"))
    assert [(p.title, p.head.sha) for p in listed] == [("Better", newer)]
    merged = pull.merge(sha=newer)
    assert merged.merged
    assert desk.hub.tree(REPO, "main")["more.txt"] == b"x"
    assert desk.hub.commit(REPO, "main").parents[1] == newer
    pull = desk.client(token).get_pull(pull.number)
    assert (pull.state, pull.merged, pull.merged_by.login) == ("closed", True, "bob")
    assert pull.merge_commit_sha == merged.sha
    opening, *middle, last, push = desk.events()[1:]
    assert (opening, last, push) == ("pull_request.opened", "pull_request.closed", "push")
    assert middle == ["pull_request.edited", "push", "pull_request.synchronize"]


def test_a_person_merges_by_squash_and_the_event_says_merged(desk: Desk, token: str) -> None:
    pull = opened(desk, token)
    sha = desk.hub.as_user("rita").merge(REPO, pull.number, method="squash")
    assert len(desk.hub.commit(REPO, sha).parents) == 1
    closing = next(p for e, p, _ in desk.seen if p.get("action") == "closed")
    assert closing["pull_request"]["merged"] is True
    assert closing["pull_request"]["merged_by"]["login"] == "rita"


def test_a_second_pull_request_a_missing_head_and_an_equal_one_are_422(
    desk: Desk, token: str
) -> None:
    opened(desk, token)
    repo = desk.client(token)
    desk.hub.as_user("bob").create_branch(REPO, "same")
    for head, said in (
        ("ai/X", "already exists for acme:ai/X"),
        ("gone", "head"),
        ("same", "No commits between main and same"),
    ):
        with pytest.raises(github.GithubException) as error:
            repo.create_pull("main", head, title="t")
        status, message = refusal(error)
        assert status == 422
        assert said in message
    assert len(desk.hub.pulls(REPO)) == 1


def test_a_conflict_an_old_head_and_a_missing_check_stop_the_merge(desk: Desk, token: str) -> None:
    pull = opened(desk, token, **{"README.md": "theirs\n"})
    desk.hub.protect(REPO, "main", required_checks=["tests"], direct_pushes=True)
    with pytest.raises(github.GithubException) as error:
        pull.merge(sha="0" * 40)
    assert error.value.status == 409
    with pytest.raises(github.GithubException) as error:
        pull.merge()
    assert refusal(error)[0] == 405
    assert "tests" in refusal(error)[1]
    desk.hub.report_checks(REPO, pull.head.sha, {"tests": "success"})
    desk.hub.as_user("rita").push(REPO, "main", {"README.md": "ours\n"}, "Other")
    with pytest.raises(github.GithubException) as error:
        pull.merge()
    assert error.value.status == 405
    assert desk.client(token).get_pull(pull.number).mergeable is False


def test_a_deleted_branch_closes_its_pull_request(desk: Desk, token: str) -> None:
    pull = opened(desk, token)
    desk.client(token).get_git_ref("heads/ai/X").delete()
    found = desk.client(token).get_pull(pull.number)
    assert (found.state, found.merged) == ("closed", False)


def test_reviews_are_asked_for_and_given_but_not_by_the_author(desk: Desk, token: str) -> None:
    pull = opened(desk, token)
    pull.create_review_request(reviewers=["rita"])
    assert [u.login for u in pull.get_review_requests()[0]] == ["rita"]
    with pytest.raises(github.GithubException, match="collaborator"):
        pull.create_review_request(reviewers=["stranger"])
    with pytest.raises(github.GithubException, match="own pull request"):
        pull.create_review(event="APPROVE")
    desk.hub.as_user("rita").review(REPO, pull.number, "APPROVE")
    pull.create_review(body="noted", event="COMMENT")
    found = [(r.user.login, r.state) for r in pull.get_reviews()]
    assert found == [("rita", "APPROVED"), ("bob", "COMMENTED")]
    assert "pull_request_review.submitted" in desk.events()


@pytest.mark.parametrize(
    ("title", "body"), [("t" * 257, ""), ("t", "b" * 65_537), (" ", "")], ids=["title", "body", "-"]
)
def test_texts_beyond_the_limits_are_422(desk: Desk, token: str, title: str, body: str) -> None:
    desk.hub.as_user("bob").push(REPO, "ai/X", {"a": "1"}, "Add")
    with pytest.raises(github.GithubException) as error:
        desk.client(token).create_pull("main", "ai/X", title=title, body=body)
    assert error.value.status == 422


def test_comments_are_listed_by_page_and_an_edit_shows(desk: Desk, token: str) -> None:
    pull = opened(desk, token)
    repo = desk.client(token)
    for n in range(33):
        desk.hub.as_user("rita").comment(REPO, pull.number, f"word {n}")
    made = repo.get_issue(pull.number).create_comment("mine")
    assert made.created_at == made.updated_at
    made.edit("mine, edited")
    found = list(repo.get_issue(pull.number).get_comments())
    assert [c.body for c in found] == [*(f"word {n}" for n in range(33)), "mine, edited"]
    assert found[-1].updated_at > found[-1].created_at
    assert found[0].user.login == "rita"


def test_labels_are_a_set_given_in_either_form(desk: Desk, token: str) -> None:
    pull = opened(desk, token)
    repo = desk.client(token)
    repo.create_label("ready", "00ff00")
    with pytest.raises(github.GithubException) as error:
        repo.create_label("Ready", "00ff00")
    assert error.value.status == 422
    pull.add_to_labels("ready", "new one")
    path = f"/repos/{REPO}/issues/{pull.number}/labels"
    assert desk.post(token, path, {"labels": ["ready"]}).status_code == 200
    pull.remove_from_labels("new one")
    assert [label.name for label in pull.get_labels()] == ["ready"]
    assert desk.events().count("pull_request.labeled") == 2
