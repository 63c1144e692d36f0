//! MITRE ATT&CK as far as Security Command Center's enums reach.
//!
//! A technique that the enum does not have (T1095, T1571, T1572, T1573, …) is carried in `finding.vedette` instead.

use crate::wire::{message, wire_enum};

message! {
    /// Tactics and techniques of a finding.
    MitreAttack {
        /// The tactic that fits best.
        primary_tactic: Tactic,
        /// The technique that fits best: a sub-technique stands before its parent, and both are listed.
        primary_techniques: Vec<Technique>,
        /// Further tactics.
        additional_tactics: Vec<Tactic>,
        /// Further techniques, each with its parent.
        additional_techniques: Vec<Technique>,
        /// Version of ATT&CK.
        version: String,
    }
}

/// Declares an enum whose values also have an ATT&CK id.
macro_rules! attack_enum {
    ($(#[$meta:meta])* $name:ident, $unspecified:literal { $( $value:ident = $number:literal $text:literal $id:literal, )* }) => {
        wire_enum! {
            $(#[$meta])*
            $name {
                Unspecified = 0 $unspecified,
                $( #[doc = concat!("ATT&CK ", $id, ".")] $value = $number $text, )*
            }
        }

        impl $name {
            /// ATT&CK id; `None` for the unspecified value.
            pub const fn id(self) -> Option<&'static str> {
                match self { Self::Unspecified => None, $( Self::$value => Some($id), )* }
            }

            /// The value of that ATT&CK id, if the enum has it.
            pub fn from_id(id: &str) -> Option<Self> {
                match id { $( $id => Some(Self::$value), )* _ => None }
            }
        }
    };
}

impl Technique {
    /// The technique this is a sub-technique of, if it is one and the enum has the parent.
    pub fn parent(self) -> Option<Self> {
        Self::from_id(self.id()?.split_once('.')?.0)
    }
}

attack_enum! {
    /// Tactics.
    Tactic, "TACTIC_UNSPECIFIED" {
        Reconnaissance = 1 "RECONNAISSANCE" "TA0043",
        ResourceDevelopment = 2 "RESOURCE_DEVELOPMENT" "TA0042",
        InitialAccess = 5 "INITIAL_ACCESS" "TA0001",
        Execution = 3 "EXECUTION" "TA0002",
        Persistence = 6 "PERSISTENCE" "TA0003",
        PrivilegeEscalation = 8 "PRIVILEGE_ESCALATION" "TA0004",
        DefenseEvasion = 7 "DEFENSE_EVASION" "TA0005",
        CredentialAccess = 9 "CREDENTIAL_ACCESS" "TA0006",
        Discovery = 10 "DISCOVERY" "TA0007",
        LateralMovement = 11 "LATERAL_MOVEMENT" "TA0008",
        Collection = 12 "COLLECTION" "TA0009",
        CommandAndControl = 4 "COMMAND_AND_CONTROL" "TA0011",
        Exfiltration = 13 "EXFILTRATION" "TA0010",
        Impact = 14 "IMPACT" "TA0040",
    }
}

attack_enum! {
    /// Techniques and sub-techniques.
    Technique, "TECHNIQUE_UNSPECIFIED" {
        DataObfuscation = 70 "DATA_OBFUSCATION" "T1001",
        DataObfuscationSteganography = 71 "DATA_OBFUSCATION_STEGANOGRAPHY" "T1001.002",
        OsCredentialDumping = 114 "OS_CREDENTIAL_DUMPING" "T1003",
        OsCredentialDumpingProcFilesystem = 115 "OS_CREDENTIAL_DUMPING_PROC_FILESYSTEM" "T1003.007",
        OsCredentialDumpingEtcPasswordAndEtcShadow = 122 "OS_CREDENTIAL_DUMPING_ETC_PASSWORD_AND_ETC_SHADOW" "T1003.008",
        DataFromLocalSystem = 117 "DATA_FROM_LOCAL_SYSTEM" "T1005",
        AutomatedExfiltration = 68 "AUTOMATED_EXFILTRATION" "T1020",
        ObfuscatedFilesOrInfo = 72 "OBFUSCATED_FILES_OR_INFO" "T1027",
        Steganography = 73 "STEGANOGRAPHY" "T1027.003",
        CompileAfterDelivery = 74 "COMPILE_AFTER_DELIVERY" "T1027.004",
        CommandObfuscation = 75 "COMMAND_OBFUSCATION" "T1027.010",
        ScheduledTransfer = 120 "SCHEDULED_TRANSFER" "T1029",
        SystemOwnerUserDiscovery = 118 "SYSTEM_OWNER_USER_DISCOVERY" "T1033",
        Masquerading = 49 "MASQUERADING" "T1036",
        MatchLegitimateNameOrLocation = 50 "MATCH_LEGITIMATE_NAME_OR_LOCATION" "T1036.005",
        BootOrLogonInitializationScripts = 37 "BOOT_OR_LOGON_INITIALIZATION_SCRIPTS" "T1037",
        StartupItems = 38 "STARTUP_ITEMS" "T1037.005",
        NetworkServiceDiscovery = 32 "NETWORK_SERVICE_DISCOVERY" "T1046",
        ScheduledTaskJob = 89 "SCHEDULED_TASK_JOB" "T1053",
        ScheduledTaskJobCron = 119 "SCHEDULED_TASK_JOB_CRON" "T1053.003",
        ContainerOrchestrationJob = 90 "CONTAINER_ORCHESTRATION_JOB" "T1053.007",
        ProcessInjection = 93 "PROCESS_INJECTION" "T1055",
        InputCapture = 103 "INPUT_CAPTURE" "T1056",
        InputCaptureKeylogging = 104 "INPUT_CAPTURE_KEYLOGGING" "T1056.001",
        ProcessDiscovery = 56 "PROCESS_DISCOVERY" "T1057",
        CommandAndScriptingInterpreter = 6 "COMMAND_AND_SCRIPTING_INTERPRETER" "T1059",
        UnixShell = 7 "UNIX_SHELL" "T1059.004",
        Python = 59 "PYTHON" "T1059.006",
        ExploitationForPrivilegeEscalation = 63 "EXPLOITATION_FOR_PRIVILEGE_ESCALATION" "T1068",
        PermissionGroupsDiscovery = 18 "PERMISSION_GROUPS_DISCOVERY" "T1069",
        CloudGroups = 19 "CLOUD_GROUPS" "T1069.003",
        IndicatorRemoval = 123 "INDICATOR_REMOVAL" "T1070",
        IndicatorRemovalClearLinuxOrMacSystemLogs = 124 "INDICATOR_REMOVAL_CLEAR_LINUX_OR_MAC_SYSTEM_LOGS" "T1070.002",
        IndicatorRemovalClearCommandHistory = 125 "INDICATOR_REMOVAL_CLEAR_COMMAND_HISTORY" "T1070.003",
        IndicatorRemovalFileDeletion = 64 "INDICATOR_REMOVAL_FILE_DELETION" "T1070.004",
        IndicatorRemovalTimestomp = 128 "INDICATOR_REMOVAL_TIMESTOMP" "T1070.006",
        IndicatorRemovalClearMailboxData = 126 "INDICATOR_REMOVAL_CLEAR_MAILBOX_DATA" "T1070.008",
        ApplicationLayerProtocol = 45 "APPLICATION_LAYER_PROTOCOL" "T1071",
        Dns = 46 "DNS" "T1071.004",
        SoftwareDeploymentTools = 47 "SOFTWARE_DEPLOYMENT_TOOLS" "T1072",
        ValidAccounts = 14 "VALID_ACCOUNTS" "T1078",
        DefaultAccounts = 35 "DEFAULT_ACCOUNTS" "T1078.001",
        LocalAccounts = 15 "LOCAL_ACCOUNTS" "T1078.003",
        CloudAccounts = 16 "CLOUD_ACCOUNTS" "T1078.004",
        FileAndDirectoryDiscovery = 121 "FILE_AND_DIRECTORY_DISCOVERY" "T1083",
        AccountDiscoveryLocalAccount = 116 "ACCOUNT_DISCOVERY_LOCAL_ACCOUNT" "T1087.001",
        Proxy = 9 "PROXY" "T1090",
        ExternalProxy = 10 "EXTERNAL_PROXY" "T1090.002",
        MultiHopProxy = 11 "MULTI_HOP_PROXY" "T1090.003",
        AccountManipulation = 22 "ACCOUNT_MANIPULATION" "T1098",
        AdditionalCloudCredentials = 40 "ADDITIONAL_CLOUD_CREDENTIALS" "T1098.001",
        AdditionalCloudRoles = 67 "ADDITIONAL_CLOUD_ROLES" "T1098.003",
        SshAuthorizedKeys = 23 "SSH_AUTHORIZED_KEYS" "T1098.004",
        AdditionalContainerClusterRoles = 58 "ADDITIONAL_CONTAINER_CLUSTER_ROLES" "T1098.006",
        MultiStageChannels = 76 "MULTI_STAGE_CHANNELS" "T1104",
        IngressToolTransfer = 3 "INGRESS_TOOL_TRANSFER" "T1105",
        NativeApi = 4 "NATIVE_API" "T1106",
        BruteForce = 44 "BRUTE_FORCE" "T1110",
        AutomatedCollection = 94 "AUTOMATED_COLLECTION" "T1119",
        SharedModules = 5 "SHARED_MODULES" "T1129",
        DataEncoding = 77 "DATA_ENCODING" "T1132",
        StandardEncoding = 78 "STANDARD_ENCODING" "T1132.001",
        AccessTokenManipulation = 33 "ACCESS_TOKEN_MANIPULATION" "T1134",
        TokenImpersonationOrTheft = 39 "TOKEN_IMPERSONATION_OR_THEFT" "T1134.001",
        CreateAccount = 79 "CREATE_ACCOUNT" "T1136",
        LocalAccount = 80 "LOCAL_ACCOUNT" "T1136.001",
        DeobfuscateDecodeFilesOrInfo = 95 "DEOBFUSCATE_DECODE_FILES_OR_INFO" "T1140",
        ExploitPublicFacingApplication = 27 "EXPLOIT_PUBLIC_FACING_APPLICATION" "T1190",
        SupplyChainCompromise = 129 "SUPPLY_CHAIN_COMPROMISE" "T1195",
        CompromiseSoftwareDependenciesAndDevelopmentTools = 130 "COMPROMISE_SOFTWARE_DEPENDENCIES_AND_DEVELOPMENT_TOOLS" "T1195.001",
        ExploitationForClientExecution = 134 "EXPLOITATION_FOR_CLIENT_EXECUTION" "T1203",
        UserExecution = 69 "USER_EXECUTION" "T1204",
        LinuxAndMacFileAndDirectoryPermissionsModification = 135 "LINUX_AND_MAC_FILE_AND_DIRECTORY_PERMISSIONS_MODIFICATION" "T1222.002",
        DomainPolicyModification = 30 "DOMAIN_POLICY_MODIFICATION" "T1484",
        DataDestruction = 29 "DATA_DESTRUCTION" "T1485",
        DataEncryptedForImpact = 132 "DATA_ENCRYPTED_FOR_IMPACT" "T1486",
        ServiceStop = 52 "SERVICE_STOP" "T1489",
        InhibitSystemRecovery = 36 "INHIBIT_SYSTEM_RECOVERY" "T1490",
        FirmwareCorruption = 81 "FIRMWARE_CORRUPTION" "T1495",
        ResourceHijacking = 8 "RESOURCE_HIJACKING" "T1496",
        NetworkDenialOfService = 17 "NETWORK_DENIAL_OF_SERVICE" "T1498",
        CloudServiceDiscovery = 48 "CLOUD_SERVICE_DISCOVERY" "T1526",
        StealApplicationAccessToken = 42 "STEAL_APPLICATION_ACCESS_TOKEN" "T1528",
        AccountAccessRemoval = 51 "ACCOUNT_ACCESS_REMOVAL" "T1531",
        TransferDataToCloudAccount = 91 "TRANSFER_DATA_TO_CLOUD_ACCOUNT" "T1537",
        StealWebSessionCookie = 25 "STEAL_WEB_SESSION_COOKIE" "T1539",
        CreateOrModifySystemProcess = 24 "CREATE_OR_MODIFY_SYSTEM_PROCESS" "T1543",
        EventTriggeredExecution = 65 "EVENT_TRIGGERED_EXECUTION" "T1546",
        BootOrLogonAutostartExecution = 82 "BOOT_OR_LOGON_AUTOSTART_EXECUTION" "T1547",
        KernelModulesAndExtensions = 83 "KERNEL_MODULES_AND_EXTENSIONS" "T1547.006",
        ShortcutModification = 127 "SHORTCUT_MODIFICATION" "T1547.009",
        AbuseElevationControlMechanism = 34 "ABUSE_ELEVATION_CONTROL_MECHANISM" "T1548",
        AbuseElevationControlMechanismSetuidAndSetgid = 136 "ABUSE_ELEVATION_CONTROL_MECHANISM_SETUID_AND_SETGID" "T1548.001",
        AbuseElevationControlMechanismSudoAndSudoCaching = 109 "ABUSE_ELEVATION_CONTROL_MECHANISM_SUDO_AND_SUDO_CACHING" "T1548.003",
        UnsecuredCredentials = 13 "UNSECURED_CREDENTIALS" "T1552",
        CredentialsInFiles = 105 "CREDENTIALS_IN_FILES" "T1552.001",
        BashHistory = 96 "BASH_HISTORY" "T1552.003",
        PrivateKeys = 97 "PRIVATE_KEYS" "T1552.004",
        SubvertTrustControl = 106 "SUBVERT_TRUST_CONTROL" "T1553",
        InstallRootCertificate = 107 "INSTALL_ROOT_CERTIFICATE" "T1553.004",
        CompromiseHostSoftwareBinary = 84 "COMPROMISE_HOST_SOFTWARE_BINARY" "T1554",
        CredentialsFromPasswordStores = 98 "CREDENTIALS_FROM_PASSWORD_STORES" "T1555",
        ModifyAuthenticationProcess = 28 "MODIFY_AUTHENTICATION_PROCESS" "T1556",
        PluggableAuthenticationModules = 108 "PLUGGABLE_AUTHENTICATION_MODULES" "T1556.003",
        MultiFactorAuthentication = 137 "MULTI_FACTOR_AUTHENTICATION" "T1556.006",
        ImpairDefenses = 31 "IMPAIR_DEFENSES" "T1562",
        DisableOrModifyTools = 55 "DISABLE_OR_MODIFY_TOOLS" "T1562.001",
        IndicatorBlocking = 110 "INDICATOR_BLOCKING" "T1562.006",
        DisableOrModifyLinuxAuditSystem = 111 "DISABLE_OR_MODIFY_LINUX_AUDIT_SYSTEM" "T1562.012",
        HideArtifacts = 85 "HIDE_ARTIFACTS" "T1564",
        HiddenFilesAndDirectories = 86 "HIDDEN_FILES_AND_DIRECTORIES" "T1564.001",
        HiddenUsers = 87 "HIDDEN_USERS" "T1564.002",
        ExfiltrationOverWebService = 20 "EXFILTRATION_OVER_WEB_SERVICE" "T1567",
        ExfiltrationToCloudStorage = 21 "EXFILTRATION_TO_CLOUD_STORAGE" "T1567.002",
        DynamicResolution = 12 "DYNAMIC_RESOLUTION" "T1568",
        LateralToolTransfer = 41 "LATERAL_TOOL_TRANSFER" "T1570",
        HijackExecutionFlow = 112 "HIJACK_EXECUTION_FLOW" "T1574",
        HijackExecutionFlowDynamicLinkerHijacking = 113 "HIJACK_EXECUTION_FLOW_DYNAMIC_LINKER_HIJACKING" "T1574.006",
        ModifyCloudComputeInfrastructure = 26 "MODIFY_CLOUD_COMPUTE_INFRASTRUCTURE" "T1578",
        CreateSnapshot = 54 "CREATE_SNAPSHOT" "T1578.001",
        CloudInfrastructureDiscovery = 53 "CLOUD_INFRASTRUCTURE_DISCOVERY" "T1580",
        DevelopCapabilities = 99 "DEVELOP_CAPABILITIES" "T1587",
        DevelopCapabilitiesMalware = 100 "DEVELOP_CAPABILITIES_MALWARE" "T1587.001",
        ObtainCapabilities = 43 "OBTAIN_CAPABILITIES" "T1588",
        ObtainCapabilitiesMalware = 101 "OBTAIN_CAPABILITIES_MALWARE" "T1588.001",
        ObtainCapabilitiesVulnerabilities = 133 "OBTAIN_CAPABILITIES_VULNERABILITIES" "T1588.006",
        ActiveScanning = 1 "ACTIVE_SCANNING" "T1595",
        ScanningIpBlocks = 2 "SCANNING_IP_BLOCKS" "T1595.001",
        StageCapabilities = 88 "STAGE_CAPABILITIES" "T1608",
        UploadMalware = 102 "UPLOAD_MALWARE" "T1608.001",
        ContainerAdministrationCommand = 60 "CONTAINER_ADMINISTRATION_COMMAND" "T1609",
        DeployContainer = 66 "DEPLOY_CONTAINER" "T1610",
        EscapeToHost = 61 "ESCAPE_TO_HOST" "T1611",
        ContainerAndResourceDiscovery = 57 "CONTAINER_AND_RESOURCE_DISCOVERY" "T1613",
        ReflectiveCodeLoading = 92 "REFLECTIVE_CODE_LOADING" "T1620",
        StealOrForgeAuthenticationCertificates = 62 "STEAL_OR_FORGE_AUTHENTICATION_CERTIFICATES" "T1649",
        FinancialTheft = 131 "FINANCIAL_THEFT" "T1657",
    }
}

#[cfg(test)]
mod tests {
    use super::{Tactic, Technique};
    use std::collections::BTreeSet;

    #[test]
    fn ids_names_and_numbers_are_unique_and_lead_back() {
        let mut numbers = BTreeSet::new();
        for technique in &Technique::ALL[1..] {
            assert_eq!(Technique::from_id(technique.id().unwrap()), Some(*technique));
            assert_eq!(Technique::from_name(technique.name()), Some(*technique));
            assert!(numbers.insert(technique.number()), "{technique} shares its number");
        }
        let mut ids = BTreeSet::new();
        for tactic in &Tactic::ALL[1..] {
            assert_eq!(Tactic::from_id(tactic.id().unwrap()), Some(*tactic));
            assert!(ids.insert(tactic.id()));
        }
        assert_eq!(ids.len(), 14);
    }

    #[test]
    fn a_sub_technique_knows_its_parent() {
        assert_eq!(Technique::UnixShell.parent(), Some(Technique::CommandAndScriptingInterpreter));
        assert_eq!(Technique::CommandAndScriptingInterpreter.parent(), None);
    }

    #[test]
    fn techniques_outside_the_published_enum_are_not_invented() {
        for id in ["T1095", "T1571", "T1572", "T1573", "T1219", "T1205", "T1021", "T1048", "T1059.999", ""] {
            assert_eq!(Technique::from_id(id), None, "{id}");
        }
    }
}
