//! Kubernetes objects and containers that belong to a finding.

use crate::Timestamp;
use crate::wire::message;

message! {
    /// A container.
    Container {
        /// Name within its pod.
        name: String,
        /// Image as it was asked for.
        uri: String,
        /// Digest of the image.
        image_id: String,
        /// Labels.
        labels: Vec<Label>,
        /// When it was created.
        create_time: Option<Timestamp>,
    }
}

message! {
    /// One label.
    Label {
        /// Key.
        name: String,
        /// Value.
        value: String,
    }
}

message! {
    /// Kubernetes objects.
    Kubernetes {
        /// Pods.
        pods: Vec<Pod>,
        /// Nodes.
        nodes: Vec<Node>,
        /// Other objects, such as the workload that owns the pod.
        objects: Vec<Object>,
    }
}

message! {
    /// A pod.
    Pod {
        /// Namespace.
        ns: String,
        /// Name.
        name: String,
        /// Labels.
        labels: Vec<Label>,
        /// Its containers that take part.
        containers: Vec<Container>,
    }
}

message! {
    /// A node.
    Node {
        /// Full resource name of the machine.
        name: String,
    }
}

message! {
    /// Any object.
    Object {
        /// API group.
        group: String,
        /// Kind.
        kind: String,
        /// Namespace.
        ns: String,
        /// Name.
        name: String,
        /// Its containers that take part.
        containers: Vec<Container>,
    }
}
