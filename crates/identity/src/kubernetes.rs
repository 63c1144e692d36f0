//! Tokens of a Kubernetes API server: it is asked itself (TokenReview), for our audience.

use std::collections::BTreeMap;
use std::time::Duration;

use finding::Timestamp;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use kube::api::PostParams;
use kube::{Api, Client, Config};
use tokio::sync::Semaphore;

use crate::identity::Known;
use crate::recent::Recent;
use crate::{ConfigError, KubernetesConfig, Principal, Refusal, config, jwt, secret};

const KIND: &str = "Kubernetes token";
const DEFAULT_AUDIENCE: &str = "vedette";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";
const SECOND: i64 = 1_000_000_000;
/// How long an answer counts. A pod that is gone may use its token so long.
const ACCEPTED_NANOS: i64 = 30 * SECOND;
const REFUSED_NANOS: i64 = 10 * SECOND;
const REMEMBERED: usize = 4_096;
/// Questions at once.
const AT_ONCE: usize = 8;
const TIMEOUT: Duration = Duration::from_secs(5);

/// A node, as the token of the sensor's pod on it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The node's name.
    pub name: String,
    /// Namespace of the sensor's pod.
    pub namespace: String,
    /// Service account of the sensor's pod.
    pub service_account: String,
    /// Name of the pod, when the API server says it.
    pub pod: Option<String>,
}

/// What the API server said of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reviewed {
    user: String,
    groups: Vec<String>,
    extra: BTreeMap<String, Vec<String>>,
}

pub(crate) struct Kubernetes {
    config: KubernetesConfig,
    client: Client,
    answers: Recent<Result<Reviewed, String>>,
    questions: Semaphore,
}

impl Kubernetes {
    pub(crate) async fn new(mut config: KubernetesConfig) -> Result<Self, ConfigError> {
        if config.audiences.is_empty() {
            config.audiences = vec![DEFAULT_AUDIENCE.to_owned()];
        }
        let wrong = |key: &str, reason: String| ConfigError::new(format!("kubernetes.{key}"), reason);
        let mut access = match &config.server {
            Some(server) => {
                let uri =
                    server.parse().map_err(|_| wrong("server", format!("{server:?} is not an address")))?;
                let mut access = Config::new(uri);
                access.root_cert_file = config.ca_file.clone();
                access.auth_info.token_file =
                    config.token_file.as_ref().map(|path| path.to_string_lossy().into_owned());
                access
            }
            None => Config::infer().await.map_err(|error| {
                wrong(
                    "server",
                    format!("is not set, and this is no cluster and there is no kubeconfig ({error})"),
                )
            })?,
        };
        access.connect_timeout = Some(TIMEOUT);
        access.default_retry = false;
        let client = Client::try_from(access)
            .map_err(|error| wrong("server", format!("the API server cannot be asked ({error})")))?;
        Ok(Self { config, client, answers: Recent::new(REMEMBERED), questions: Semaphore::new(AT_ONCE) })
    }

    /// Who shows a token.
    pub(crate) async fn authenticate(&self, token: &str, now: Timestamp) -> Result<Known, Refusal> {
        let reviewed = self.review(token, now).await?;
        let bindings = config::bindings(&self.config.roles, &reviewed.user, &reviewed.groups);
        let principal = Principal { name: format!("kubernetes:{}", reviewed.user), bindings };
        Ok(Known { principal, expiry: jwt::claimed(token).ok().and_then(|claimed| claimed.expiry()) })
    }

    /// Which node a sensor's token is from.
    pub(crate) async fn node(&self, token: &str, now: Timestamp) -> Result<Node, Refusal> {
        let reviewed = self.review(token, now).await?;
        let account = reviewed.user.strip_prefix(SERVICE_ACCOUNT);
        let listed = account.filter(|account| self.config.sensors.iter().any(|sensor| sensor == account));
        let Some((namespace, service_account)) = listed.and_then(|account| account.split_once(':')) else {
            let reason = format!("{:?} is no sensor; see access.kubernetes.sensors", reviewed.user);
            return Err(Refusal::denied(KIND, reason));
        };
        // one value, or nobody can say which: the token itself carries them, and only the API server writes them
        let bound = |claim: &str| match reviewed.extra.get(&format!("authentication.kubernetes.io/{claim}")) {
            Some(values) if values.len() == 1 => values.first().filter(|value| !value.is_empty()).cloned(),
            _ => None,
        };
        let Some(name) = bound("node-name") else {
            let reason = "it is not bound to a pod on a node; give the sensor a projected token, on Kubernetes 1.30 or \
                          newer, or let it join with a certificate";
            return Err(Refusal::denied(KIND, reason));
        };
        Ok(Node {
            name,
            namespace: namespace.to_owned(),
            service_account: service_account.to_owned(),
            pod: bound("pod-name"),
        })
    }

    async fn review(&self, token: &str, now: Timestamp) -> Result<Reviewed, Refusal> {
        let key = secret::digest(token);
        if let Some(answer) = self.answers.get(&key, now) {
            return answer.map_err(|reason| Refusal::denied(KIND, reason));
        }
        let Ok(_turn) = self.questions.acquire().await else {
            return Err(Refusal::Unavailable { reason: "this server is shutting down".to_owned() });
        };
        // whoever waited for the same answer finds it here
        let answer = match self.answers.get(&key, now) {
            Some(answer) => answer,
            None => {
                let answer = self.ask(token).await?;
                let life = if answer.is_ok() { ACCEPTED_NANOS } else { REFUSED_NANOS };
                let mut until = Timestamp::from_nanos(now.nanos().saturating_add(life));
                if let Some(expiry) =
                    jwt::claimed(token).ok().and_then(|claimed| claimed.expiry()).filter(|it| *it > now)
                {
                    until = until.min(expiry);
                }
                self.answers.put(key, answer.clone(), now, until);
                answer
            }
        };
        answer.map_err(|reason| Refusal::denied(KIND, reason))
    }

    /// Asks the API server: what it says of the token, or why the token does not count.
    async fn ask(&self, token: &str) -> Result<Result<Reviewed, String>, Refusal> {
        let unavailable = |reason: String| {
            tracing::warn!(reason, "a Kubernetes token cannot be reviewed");
            Refusal::Unavailable { reason }
        };
        let review = TokenReview {
            spec: TokenReviewSpec { token: token.to_owned(), audiences: Some(self.config.audiences.clone()) },
            ..TokenReview::default()
        };
        let reviews: Api<TokenReview> = Api::all(self.client.clone());
        let parameters = PostParams::default();
        let answer = match tokio::time::timeout(TIMEOUT, reviews.create(&parameters, &review)).await {
            Err(_) => {
                return Err(unavailable("the API server does not answer in time; try again".to_owned()));
            }
            Ok(Err(kube::Error::Api(status))) if matches!(status.code, 401 | 403) => {
                let reason = format!(
                    "the API server does not let this server review tokens ({}); bind system:auth-delegator to its service \
                     account",
                    status.message
                );
                return Err(unavailable(reason));
            }
            Ok(Err(error)) => return Err(unavailable(format!("the API server cannot be asked ({error})"))),
            Ok(Ok(answer)) => answer,
        };
        Ok(self.read(answer))
    }

    fn read(&self, answer: TokenReview) -> Result<Reviewed, String> {
        let status = answer.status.unwrap_or_default();
        if status.authenticated != Some(true) {
            return Err(match status.error.filter(|error| !error.is_empty()) {
                Some(error) => format!("the API server says: {error}"),
                None => "the API server does not know it".to_owned(),
            });
        }
        // an API server that leaves the audiences out looked at its own only: such a token is not for us
        let audiences = status.audiences.unwrap_or_default();
        if !audiences.iter().any(|audience| self.config.audiences.contains(audience)) {
            let ours = self.config.audiences.join(", ");
            return Err(format!(
                "it is for another audience; ask for one with `kubectl create token --audience {ours}`"
            ));
        }
        let user = status.user.unwrap_or_default();
        let name =
            user.username.filter(|name| !name.is_empty()).ok_or("the API server does not say whose it is")?;
        Ok(Reviewed {
            user: name,
            groups: user.groups.unwrap_or_default(),
            extra: user.extra.unwrap_or_default().into_iter().collect(),
        })
    }
}
