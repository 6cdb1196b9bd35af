/** Goals and funnels: what an owner wants visitors to do, and in which order. Part of a pixel's settings. */

/** Reached by an event with this name, by a view of this page (`*` matches any text), or by a value of a custom property. */
export type Goal = { readonly name: string } & (
  | { readonly event: string }
  | { readonly page: string }
  | { readonly property: string; readonly value: string }
);

export interface Funnel {
  readonly name: string;
  /** The names of goals, in order. */
  readonly steps: readonly string[];
  /** All steps in one visit, or within this many hours after a person's first step, across visits and devices. */
  readonly within: 'visit' | { readonly hours: number };
}

export const MAX_GOALS = 50;
export const MAX_FUNNELS = 20;
export const MAX_FUNNEL_STEPS = 8;
export const MAX_FUNNEL_HOURS = 90 * 24;

/** D1 refuses longer patterns of GLOB. */
const MAX_PATTERN_BYTES = 50;

/** A page with `*` as a pattern of GLOB, with its other special characters escaped. */
export function globOf(page: string): string {
  return page.replaceAll(/[[?]/g, '[$&]');
}

/** Whether D1 can match a goal's page. */
export function isMatchable(page: string): boolean {
  return !page.includes('*') || new TextEncoder().encode(globOf(page)).length <= MAX_PATTERN_BYTES;
}
