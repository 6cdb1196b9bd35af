/**
 * What the reader has changed in forms of settings and not saved. It outlives the forms, so it is still there after the session has
 * ended and the reader has signed in again.
 */
import { useState } from 'preact/hooks';
import { Failure } from '../api.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Draft {
  /** The changed fields. */
  readonly values: Fields;
  /** What these fields were when the reader changed them. */
  readonly bases: Fields;
}

const drafts = new Map<string, Draft>();

const areEqual = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The browser asks before the page is closed or loaded again. */
const warn = (event: BeforeUnloadEvent): void => event.preventDefault();

function store(key: string, draft: Draft | null): void {
  if (draft) drafts.set(key, draft);
  else drafts.delete(key);
  // Pages with such a listener are not restored from the browser's cache, so it is there only while it is needed.
  if (drafts.size > 0) addEventListener('beforeunload', warn);
  else removeEventListener('beforeunload', warn);
}

export const hasDraft = (key: string): boolean => drafts.has(key);
/** The ends of the keys that begin with a text. */
export const draftsOf = (start: string): string[] =>
  [...drafts.keys()].filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
export const hasDrafts = (): boolean => drafts.size > 0;

export function discardDrafts(): void {
  for (const key of [...drafts.keys()]) store(key, null);
}

export interface DraftOf<T> {
  /** The stored fields, with what the reader has changed. */
  readonly value: T;
  readonly changes: Partial<T>;
  set(part: Partial<T>): void;
  /** Called once the changes are saved, or given up. */
  discard(): void;
  /**
   * Checks that nothing else has changed these fields meanwhile.
   * @param latest the fields as they are stored now.
   * @param name says what a field is and what it is now.
   * @throws Failure if something has. The next check passes, so the reader can save again.
   */
  rebase(latest: T, name: (field: keyof T & string, value: unknown) => string): void;
}

/** @param stored the fields as they are stored. */
export function useDraft<T extends object>(key: string, stored: T): DraftOf<T> {
  const [, render] = useState({});
  const values = (drafts.get(key)?.values ?? {}) as Partial<T>;
  return {
    value: { ...stored, ...values },
    changes: values,
    set(part) {
      const before = drafts.get(key);
      const bases = { ...pick(stored as Fields, part), ...before?.bases };
      const changed = Object.entries({ ...before?.values, ...part }).filter(
        ([field, value]) => !areEqual(value, bases[field]),
      );
      store(key, changed.length > 0 ? { values: Object.fromEntries(changed), bases } : null);
      render({});
    },
    discard() {
      store(key, null);
      render({});
    },
    rebase(latest, name) {
      const draft = drafts.get(key);
      if (!draft) return;
      const now = latest as Fields;
      const others = Object.keys(draft.values).filter(
        (field) => !areEqual(now[field], draft.bases[field]) && !areEqual(now[field], draft.values[field]),
      );
      store(key, { ...draft, bases: { ...draft.bases, ...pick(now, draft.values) } });
      if (others.length === 0) return;
      const changes = others.map((field) => name(field as keyof T & string, now[field])).join(' ');
      throw new Failure(409, {
        detail: `This was changed in another tab or by somebody else. ${changes} Your change is still here: save again to replace theirs.`,
      });
    },
  };
}

const pick = (fields: Fields, of: object): Fields =>
  Object.fromEntries(Object.keys(of).map((field) => [field, fields[field]]));
