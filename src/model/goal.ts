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

/** Whether a text consists of these parts, in order, with anything between them: GLOB with `*` alone. */
export function fits(text: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? '';
  if (parts.length < 2) return text === first;
  const last = parts.at(-1) ?? '';
  const end = text.length - last.length;
  let at = first.length;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= end;
}
