export const SEVERITIES = ['warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a threshold is counted in; a message shows it in readable units, everything else in this one. */
export const UNITS = ['rows', 'bytes', 'seconds', 'percent', 'count'] as const;
export type Unit = (typeof UNITS)[number];

/** What a rule sees of one product, or of the deployment, at one moment. */
export interface Observation {
  /** null: of the deployment as a whole. */
  readonly productId: string | null;
  /** Tells several alerts of one rule and product apart, e.g. a worker's name; at most 100 characters. */
  readonly subject?: string;
  /** `no_data`: it could not be seen whether all is well, which is not the same as all being well. */
  readonly state: 'ok' | 'breached' | 'no_data';
  /** Ok by a hair: what is firing goes on firing, nothing new begins. Keeps an alert from coming and going around its threshold. */
  readonly nearly?: boolean;
  /** In the rule's unit. */
  readonly value?: number;
  /** One sentence for people, with readable units: what is, and what was expected. */
  readonly message: string;
}

/** How a rule treats a product: its defaults, with what the manifest and the operators have set instead. */
export interface RuleSettings {
  readonly enabled: boolean;
  readonly severity: Severity;
  /** How long it must hold before it is told, seconds. */
  readonly forSeconds: number;
  /** How often it is told again while it holds, seconds. */
  readonly repeatSeconds: number;
  /** In the rule's unit; null where the rule has none, or none is set. */
  readonly threshold: number | null;
}

export interface RuleContext {
  settingsOf(productId: string | null): RuleSettings;
  /** Since when the checks have run without a gap, database time: before it, silence may have been ours and not theirs. */
  readonly steadySince: Date;
}

/** A rule, declared by the module that knows the matter and handed to `AlertRules.add`. */
export interface AlertRule {
  /** Stable, kebab-case: the label `alertname` of what is sent, and the key of what operators set. */
  readonly id: string;
  /** For people, e.g. "Few records". */
  readonly title: string;
  readonly severity: Severity;
  readonly forSeconds: number;
  /** Default four hours. */
  readonly repeatSeconds?: number;
  /** A number that can be set for each product; `default: null` means that the rule rests until one is set. */
  readonly threshold?: { readonly unit: Unit; readonly default: number | null };
  /**
   * Looks, through the control pool and holding no connection in between. What it does not mention is well. An error it throws
   * becomes an alert of its own and changes nothing else.
   * @param now database time
   */
  evaluate(now: Date, context: RuleContext): Promise<readonly Observation[]>;
}

/** Told again after four hours: often enough for who comes on shift, seldom enough not to be muted. */
export const DEFAULT_REPEAT_SECONDS = 14_400;
