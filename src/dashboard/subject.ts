/** What statistics are shown of: a pixel of the owner's, or what a shared link shows of one. */
import type { Pixel, Session } from './api.ts';

export interface Subject {
  readonly id: string;
  readonly name: string;
  readonly timezone: string;
  readonly goals: readonly string[];
  readonly funnels: readonly string[];
}

export function subjectOf({ id, name, timezone, settings }: Pixel): Subject {
  return {
    id,
    name,
    timezone,
    goals: settings.goals.map((goal) => goal.name),
    funnels: settings.funnels.map((funnel) => funnel.name),
  };
}

/** What a session of a shared link shows. */
export function sharedSubject({ shown }: Session): Subject | null {
  return shown ?? null;
}
