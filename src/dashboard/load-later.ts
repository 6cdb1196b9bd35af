import type { ComponentChildren, ComponentType } from 'preact';
import { lazy } from './lazy.tsx';

/** A component of later.ts. @param placeholder what is shown until that is loaded. */
export const loadLater = <Props extends object>(
  pick: (later: typeof import('./later.ts')) => ComponentType<Props>,
  placeholder: ComponentChildren,
) => lazy(async () => ({ default: pick(await import('./later.ts')) }), placeholder);
