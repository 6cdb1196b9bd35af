/** One row of imported totals: a day's counts for one value of one dimension. */
export interface ImportedTotals {
  /** `YYYY-MM-DD`, in the source's own time zone. */
  readonly day: string;
  /** A name of dimensions.ts that rollups have, or `''` for the day itself. */
  readonly dimension: string;
  /** `''` for none. */
  readonly value: string;
  /** For `visit:channel`, if the source has no channels: what the channel follows from. `value` is then empty until it is stored. */
  readonly via?: { readonly source: string; readonly medium: string; readonly campaign: string };
  readonly visitors: number;
  readonly visits: number;
  readonly pageviews: number;
  readonly events: number;
  readonly bounces: number;
  /** Milliseconds of all visits together. */
  readonly duration: number;
  /** Milliseconds of attention, and the visits that have some. */
  readonly engaged?: number;
  readonly engaged_visits?: number;
  /** The greatest scroll depths of visits together, in per cent, and the visits that have one. */
  readonly scroll?: number;
  readonly scrolled_visits?: number;
}
