//! A finding in the shapes that other products read: SCC messages, OCSF, Falco, CloudEvents, Slack, Alertmanager, syslog.
