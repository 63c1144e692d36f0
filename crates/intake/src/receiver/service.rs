//! The calls of the contract.

use std::sync::atomic::Ordering;
use std::time::UNIX_EPOCH;

use store::{AuditEntry, DocumentKind, Expectation, Part, Received, Sha256};
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::Receiver;
use super::deliveries::status;
use crate::SensorDocument;
use crate::connection::Origin;
use crate::proto::intake_server::Intake;
use crate::proto::{
    DeliverRequest, DeliverResponse, HeartbeatRequest, HeartbeatResponse, RenewRequest, RenewResponse,
    UploadEvidenceRequest, UploadEvidenceResponse,
};
use crate::spool::meta;

/// Acknowledgements that wait for a caller to read them.
const ANSWERS: usize = 4;

/// Bytes of what a node says of its cluster.
const LARGEST_RESOURCE: usize = 64 << 10;

/// A heartbeat's document is written again when another server wrote it in between.
const ATTEMPTS: usize = 5;

/// Bytes of evidence that a node may have begun to send and not finished.
const UNFINISHED: u64 = 512 << 20;

#[tonic::async_trait]
impl Intake for Receiver {
    type DeliverStream = ReceiverStream<Result<DeliverResponse, Status>>;

    async fn deliver(
        &self,
        request: Request<Streaming<DeliverRequest>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        let caller = self.caller(&request).await?;
        let mut batches = request.into_inner();
        let (answers, stream) = mpsc::channel(ANSWERS);
        let receiver = self.clone();
        tokio::spawn(async move {
            loop {
                let answer = tokio::select! {
                    // whoever no longer reads is no longer served
                    () = answers.closed() => return,
                    batch = batches.message() => match batch {
                        Ok(Some(batch)) => match receiver.still(&caller) {
                            Ok(()) => receiver.store(batch, &caller.node).await,
                            Err(status) => Err(status),
                        },
                        Ok(None) => return,
                        Err(status) => Err(status),
                    },
                };
                let last = answer.is_err();
                if answers.send(answer).await.is_err() || last {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn upload_evidence(
        &self,
        request: Request<UploadEvidenceRequest>,
    ) -> Result<Response<UploadEvidenceResponse>, Status> {
        let caller = self.caller(&request).await?;
        let request = request.into_inner();
        let digest: [u8; 32] = request
            .sha256
            .as_slice()
            .try_into()
            .map_err(|_| Status::invalid_argument("sha256: send the 32 bytes of the digest"))?;
        let about = request
            .meta
            .as_ref()
            .and_then(meta)
            .ok_or_else(|| Status::invalid_argument("meta.finding: send the name of a finding"))?;
        self.may_add(&about.finding, &caller.node).await?;
        let _place = self.place().await?;
        let part = Part {
            holder: caller.node.to_string(),
            sha256: Sha256::new(digest),
            meta: about,
            total: request.size,
            offset: request.offset,
            bytes: request.bytes,
            quota: UNFINISHED,
        };
        let answer = match self.stores.evidence.receive(part).await.map_err(|error| status(&error))? {
            Received::Until(received) => UploadEvidenceResponse { whole: false, received },
            Received::Whole => {
                self.counters.evidence.fetch_add(1, Ordering::Relaxed);
                UploadEvidenceResponse { whole: true, received: request.size }
            }
        };
        Ok(Response::new(answer))
    }

    async fn heartbeat(
        &self,
        request: Request<HeartbeatRequest>,
    ) -> Result<Response<HeartbeatResponse>, Status> {
        let node = self.caller(&request).await?.node;
        let beat = request.into_inner();
        let size = beat.resource_json.len();
        if size > LARGEST_RESOURCE {
            return Err(Status::invalid_argument(format!(
                "resource_json has {size} bytes; send at most {LARGEST_RESOURCE}"
            )));
        }
        let _place = self.place().await?;
        let documents = &self.stores.documents;
        let name = SensorDocument::name(node.cluster(), node.node());
        for _ in 0..ATTEMPTS {
            let known =
                documents.document(DocumentKind::Sensor, &name).await.map_err(|error| status(&error))?;
            let before: Option<SensorDocument> =
                known.as_ref().and_then(|known| serde_json::from_value(known.body.clone()).ok());
            let now = (self.clock)();
            let mut after = SensorDocument::after(before.as_ref(), node.cluster(), node.node(), &beat, now);
            // findings about it stay where they were
            if let Some(before) = before.filter(|_| !self.tenancy.is_usable(&after.parent)) {
                after.parent = before.parent;
            }
            let body = serde_json::to_value(&after).map_err(|error| Status::internal(error.to_string()))?;
            let expected = known.map_or(Expectation::Absent, |known| Expectation::Revision(known.revision));
            let put = documents.put_document(DocumentKind::Sensor, &name, body, expected, now).await;
            if put.map_err(|error| status(&error))?.is_some() {
                self.counters.heartbeats.fetch_add(1, Ordering::Relaxed);
                let settings = (self.settings)(&after).await.map_err(|error| status(&error))?;
                return Ok(Response::new(HeartbeatResponse { settings: Some(settings) }));
            }
        }
        Err(Status::aborted("several sensors speak for this node at once; run one"))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let node = self.caller(&request).await?.node;
        let address = request.extensions().get::<Origin>().map(|origin| origin.address.ip().to_string());
        let authority = self.authority.as_ref().ok_or_else(|| {
            Status::unimplemented("this server has no authority; renew the certificate where it is from")
        })?;
        let now = std::time::SystemTime::now();
        let issued = authority
            .node_for_key(&node, &request.into_inner().public_key, now, self.limits.certificate_life)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        if let Some(audit) = &self.stores.audit {
            let name = SensorDocument::name(node.cluster(), node.node());
            let entry = AuditEntry {
                time: (self.clock)(),
                principal: format!("node:{name}"),
                method: "sensors.renewCertificate".into(),
                resource: format!("organizations/-/sensors/{name}"),
                outcome: "OK".into(),
                address: address.unwrap_or_default(),
                detail: serde_json::json!({"fingerprint": issued.fingerprint.to_string()}),
            };
            // what is not written down is not given out
            audit.record(entry).await.map_err(|error| status(&error))?;
        }
        self.counters.renewed.fetch_add(1, Ordering::Relaxed);
        tracing::info!("{node} was given the certificate {}", issued.fingerprint);
        let end = issued.not_after.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Ok(Response::new(RenewResponse {
            certificate: issued.certificate_pem,
            authority: authority.certificate_pem().to_owned(),
            not_after_ns: i64::try_from(end).unwrap_or(i64::MAX),
        }))
    }
}
