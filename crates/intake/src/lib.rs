//! From sensors to a server: the gRPC contract, the spool on a node, the sender and the receiver.
