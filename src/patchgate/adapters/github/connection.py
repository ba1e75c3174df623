"""The way into GitHub's REST interface, through PyGithub: credentials, pace, retries, our login."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from patchgate.adapters.github.failures import present, status_of, told
from patchgate.core.ids import AccountId, RepoName
from patchgate.errors import ConfigError, CredentialError

if TYPE_CHECKING:
    from github import Auth, Github
    from github.Repository import Repository

API_URL = "https://api.github.com"
DEFAULT_TOKENS_LOGIN = "github-actions[bot]"
"""Whose token an Actions run is given; that token may not ask who it is."""
TIMEOUT = 30
"""Seconds to wait for each answer."""
PER_PAGE = 100
PACE = 1.0
"""Seconds between writes that GitHub asks for."""
BACKOFF = 0.5
"""Seconds before a read is sent again; doubled each time."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class TokenCredential:
    """A personal access token, an installation's token, or the token of an Actions run."""

    token: str = field(repr=False)
    login: str = ""
    """Our login where the token may not ask: an App's token made elsewhere (`<slug>[bot]`)."""


@dataclass(frozen=True, slots=True)
class AppCredential:
    """A GitHub App and one installation of it."""

    app_id: str
    private_key: str = field(repr=False)
    installation_id: str


class Connection:
    """One client; nothing is loaded or sent before the first call."""

    def __init__(
        self,
        credential: TokenCredential | AppCredential,
        *,
        api_url: str = API_URL,
        seconds_between_writes: float | None = PACE,
    ) -> None:
        self._credential = credential
        self._api_url = api_url.rstrip("/")
        is_local = urlsplit(self._api_url).hostname in LOOPBACK
        self._pace = None if is_local else seconds_between_writes
        self._backoff = 0.0 if is_local else BACKOFF
        self._client: Github | None = None
        self._auth: Auth.Auth | None = None
        self._myself: AccountId | None = None

    @property
    def client(self) -> Github:
        """PyGithub's client; only reads are ever sent twice."""
        if self._client is None:
            self._client = self._connect()
        return self._client

    def token(self) -> str:
        """A token that is valid now, for git."""
        if isinstance(self._credential, TokenCredential):
            return self._credential.token
        with told("ask for the installation's token"):
            self.client  # noqa: B018  # the installation's credential needs the client first
            return self._auth.token if self._auth else ""

    def myself(self) -> AccountId:
        """Our own login; asked once."""
        if self._myself is None:
            self._myself = AccountId(self._ask_who())
        return self._myself

    def is_me(self, login: str) -> bool:
        """Whether that is our own account (logins compare without case)."""
        return login.casefold() == self.myself().casefold()

    def repo(self, name: RepoName) -> Repository:
        """A repository, not yet asked for."""
        if name.count("/") != 1:
            raise ConfigError(f"{name!r} is not a repository's owner/name")
        return self.client.get_repo(name)

    def _connect(self) -> Github:
        import github
        from urllib3 import Retry

        retry = Retry(
            total=3,
            backoff_factor=self._backoff,
            allowed_methods={"GET", "HEAD"},
            status_forcelist={500, 502, 503, 504},
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        with told("sign in with the credential"):
            self._auth = self._signing()
            return github.Github(
                auth=self._auth,
                base_url=self._api_url,
                timeout=TIMEOUT,
                per_page=PER_PAGE,
                retry=retry,
                seconds_between_requests=None,
                seconds_between_writes=self._pace,
                lazy=True,
                user_agent="patchgate",
            )

    def _signing(self) -> Auth.Auth:
        from github import Auth

        match self._credential:
            case TokenCredential(token=token):
                if not token:
                    raise CredentialError("there is no GitHub token")
                return Auth.Token(token)
            case AppCredential() as app:
                if not app.installation_id.isdigit():
                    raise CredentialError("the GitHub App's installation id is not a number")
                signer = Auth.AppAuth(app.app_id, app.private_key)
                return signer.get_installation_auth(int(app.installation_id))

    def _ask_who(self) -> str:
        if isinstance(self._credential, AppCredential):
            return f"{self._slug(self._credential)}[bot]"
        if self._credential.login:
            return self._credential.login
        try:
            with told("ask who we are"):
                return present(self.client.get_user().login)
        except CredentialError as error:
            if status_of(error) == 403 and self._credential.token.startswith("ghs_"):
                return DEFAULT_TOKENS_LOGIN
            raise

    def _slug(self, app: AppCredential) -> str:
        from github import Auth, GithubIntegration

        with told("ask for the App's name"):
            signer = Auth.AppAuth(app.app_id, app.private_key)
            asking = GithubIntegration(auth=signer, base_url=self._api_url, timeout=TIMEOUT)
            slug = present(asking.get_app().slug)
            asking.close()
            return slug
