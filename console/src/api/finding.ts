// What the API says of a finding, as far as pages read it. Everything may be absent: other sources write findings, too.

export interface FindingFile {
  readonly path?: string;
  readonly size?: string;
  readonly sha256?: string;
}

export interface Process {
  readonly name?: string;
  readonly binary?: FindingFile;
  readonly script?: FindingFile;
  readonly args?: readonly string[];
  readonly argumentsTruncated?: boolean;
  readonly pid?: string;
  readonly parentPid?: string;
  readonly userId?: string;
}

export interface Container {
  readonly name?: string;
  readonly uri?: string;
  readonly imageId?: string;
  readonly createTime?: string;
}

export interface Pod {
  readonly ns?: string;
  readonly name?: string;
  readonly labels?: readonly { readonly name?: string; readonly value?: string }[];
  readonly containers?: readonly Container[];
}

export interface Connection {
  readonly destinationIp?: string;
  readonly destinationPort?: number;
  readonly sourceIp?: string;
  readonly sourcePort?: number;
  readonly protocol?: string;
}

export interface Elf {
  readonly class?: string;
  readonly machine?: string;
  readonly type?: string;
  readonly static?: boolean;
  readonly stripped?: boolean;
  readonly buildId?: string;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
}

/** Who did what with a piece of evidence. */
export interface Custody {
  readonly time?: string;
  readonly principal?: string;
  readonly action?: string;
}

export interface ExternalSystem {
  readonly name?: string;
  readonly externalUid?: string;
  readonly status?: string;
  readonly assignees?: readonly string[];
  readonly caseUri?: string;
  readonly casePriority?: string;
  readonly externalSystemUpdateTime?: string;
}

export interface EvidencePiece {
  readonly kind?: string;
  readonly name?: string;
  readonly sha256?: string;
  readonly size?: string;
  readonly originalSize?: string;
  readonly truncated?: boolean;
  readonly takeTime?: string;
  readonly elf?: Elf;
  readonly custody?: readonly Custody[];
}

export interface Descriptor {
  readonly number?: number;
  readonly type?: string;
  readonly access?: string;
  readonly peer?: string;
  readonly local?: string;
  readonly state?: string;
}

export interface StoryFacts {
  readonly processes?: readonly {
    readonly pid?: string;
    readonly parentPid?: string;
    readonly role?: string;
    readonly name?: string;
    readonly startTime?: string | null;
    /** Index into the finding's processes. */
    readonly process?: number;
  }[];
  readonly routes?: readonly {
    readonly flow?: string;
    readonly hops?: readonly { readonly fromPid?: string; readonly toPid?: string; readonly channel?: string }[];
    readonly endpoint?: {
      readonly pid?: string;
      readonly local?: string;
      readonly peer?: string;
      readonly transport?: string;
    };
  }[];
  readonly events?: readonly {
    readonly time?: string;
    readonly kind?: string;
    readonly pid?: string | null;
    readonly text?: string;
  }[];
}

export interface VedetteFacts {
  readonly story?: StoryFacts;
  readonly session?: {
    readonly direction?: string;
    readonly endpoint?: { readonly peer?: string; readonly local?: string; readonly transport?: string };
    readonly ended?: string | null;
    readonly endedExactly?: boolean | null;
    readonly terminal?: boolean;
    readonly tls?: boolean;
    readonly reasons?: readonly string[];
    readonly recognisedBy?: string;
  };
  readonly confidence?: {
    readonly level?: string;
    readonly seen?: readonly string[];
    readonly inferred?: readonly string[];
    readonly missing?: readonly string[];
  };
  readonly process?: {
    readonly workingDirectory?: string;
    readonly userId?: number;
    readonly startTime?: string;
    readonly deleted?: boolean;
    readonly descriptors?: readonly Descriptor[];
  };
  readonly container?: {
    readonly id?: string;
    readonly runtime?: string;
    readonly controlGroup?: string;
    readonly identityComplete?: boolean;
  };
  readonly coverage?: {
    readonly from?: string;
    readonly to?: string;
    readonly complete?: boolean;
    readonly fromSnapshot?: boolean;
    readonly lost?: Readonly<Record<string, number>>;
  };
  readonly evidence?: readonly EvidencePiece[];
  readonly evidenceLost?: readonly EvidencePiece[];
  readonly evidenceMissing?: readonly string[];
  readonly attackTechniques?: readonly string[];
}

export interface Finding {
  readonly name?: string;
  readonly canonicalName?: string;
  readonly parent?: string;
  readonly resourceName?: string;
  readonly state?: string;
  readonly category?: string;
  readonly severity?: string;
  readonly mute?: string;
  readonly muteInfo?: { readonly staticMute?: { readonly state?: string } };
  readonly findingClass?: string;
  readonly eventTime?: string;
  readonly createTime?: string;
  readonly description?: string;
  readonly nextSteps?: string;
  readonly moduleName?: string;
  readonly sourceProperties?: Readonly<Record<string, unknown>>;
  readonly securityMarks?: { readonly marks?: Readonly<Record<string, string>> };
  readonly processes?: readonly Process[];
  readonly containers?: readonly Container[];
  readonly connections?: readonly Connection[];
  readonly files?: readonly FindingFile[];
  readonly kubernetes?: { readonly pods?: readonly Pod[]; readonly nodes?: readonly { readonly name?: string }[] };
  readonly mitreAttack?: {
    readonly primaryTactic?: string;
    readonly primaryTechniques?: readonly string[];
    readonly additionalTactics?: readonly string[];
    readonly additionalTechniques?: readonly string[];
    readonly version?: string;
  };
  readonly externalSystems?: Readonly<Record<string, ExternalSystem>>;
  readonly externalUri?: string;
  readonly vedette?: VedetteFacts;
}

export interface Resource {
  readonly name?: string;
  readonly displayName?: string;
  readonly type?: string;
  readonly location?: string;
  readonly project_display_name?: string;
  readonly gcpMetadata?: { readonly projectDisplayName?: string; readonly project?: string };
}

export interface FindingResult {
  readonly finding: Finding;
  readonly resource?: Resource;
}
