/**
 * What Speck takes of the platform for an event, as it was measured. Together with platform-limits.ts it says how many events a
 * setting is enough for.
 */

interface Measured {
  readonly value: number;
  readonly unit: string;
  /** What measures it. */
  readonly source: string;
}

export const MEASURED = {
  /** If each event is alone in its batch. A batch of more events has hardly more statements. */
  statements: { value: 2, unit: 'D1 statements/event', source: 'test/enrich/lone-event.test.ts' },
  /** Stored, rolled up on a day of 10,000 events, and deleted later. */
  rowsWritten: { value: 2.6, unit: 'rows written/event', source: 'docs/costs.md' },
  /** A stored event with its index. */
  rawBytes: { value: 273, unit: 'bytes/event', source: 'docs/costs.md' },
  /** A due day of the usual size. */
  statementsOfDay: { value: 6, unit: 'D1 statements/day to roll up', source: 'docs/operations.md' },
  /** The indexes among which the points of a pixel are spread. */
  indexes: { value: 64, unit: 'indexes/pixel', source: 'docs/architecture.md' },
} as const satisfies Readonly<Record<string, Measured>>;

/** The share of a limit at which it counts as near. */
export const NEAR = 0.7;

/** The share of a rate that is planned for: within a minute, seconds differ. */
export const HEADROOM = 0.5;
