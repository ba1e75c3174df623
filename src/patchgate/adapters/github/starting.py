"""Starting a named workflow on a branch, for pull requests that start none by themselves.

https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event
The runs of a dispatch belong to the branch's head, and so do the checks of their jobs.
"""

from __future__ import annotations

from patchgate.adapters.github.connection import Connection
from patchgate.adapters.github.failures import UnprocessableError, told
from patchgate.core.ids import RepoName, Sha
from patchgate.errors import NotFoundError, RefusedError


def start_workflow(
    connection: Connection, repo: RepoName, workflow: str, *, branch: str, head: Sha
) -> str:
    """Start it unless a dispatched run of that head is listed; the run's id.

    NotFoundError where the default branch has no such workflow, RefusedError where it cannot be
    started by hand.
    """
    what = f"start {workflow} of {repo} on {branch}"
    try:
        with told(what, needs="actions: write"):
            named = connection.repo(repo).get_workflow(workflow)
            for run in named.get_runs(event="workflow_dispatch", head_sha=head):
                return str(run.id)
            started = named.create_dispatch(branch, throw=True, return_run_details=True)
    except UnprocessableError as error:
        raise RefusedError(
            f"GitHub does not start {workflow} of {repo} on {branch}: {error.message}",
            f"Give {workflow} an `on: workflow_dispatch` without required inputs on the default "
            "branch and in the patch, or take it out of `pull_request.ci_workflows`; then "
            "`/resume`.",
        ) from error
    except NotFoundError as error:
        raise NotFoundError(
            f"{repo} has no workflow {workflow} on its default branch, or the token may not see it",
            "Correct `pull_request.ci_workflows`, or grant actions: write; then `/resume`.",
        ) from error
    return str(started.id)
