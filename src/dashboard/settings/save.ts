/** Saves settings. Each form sends its own part, and shows the message that this resolves to. */
import { call, Failure, type Pixel, request, type Settings } from '../api.ts';
import { count, dayName } from '../format.ts';
import { type Submission, useSubmission } from '../forms.tsx';
import { type DraftOf, useDraft } from './drafts.ts';

/** The props of each form of settings. */
export interface SettingsProps {
  readonly pixel: Pixel;
  /** Called with the pixel as it is now. */
  readonly onChange: (pixel: Pixel) => void;
}

export interface Change {
  readonly name?: string;
  readonly url?: string;
  readonly timezone?: string;
  readonly settings?: Partial<Settings>;
}

interface Changed extends Pixel {
  readonly timezone_change?: {
    readonly recomputed_from: string | null;
    readonly kept_until: string | null;
    readonly uncounted_events: number;
  };
}

/** How often a change is decided on again because the pixel has changed meanwhile. */
const MAX_TRIES = 5;

/**
 * Changes the pixel. Nobody else's change is undone: if the pixel has changed since it was read, it is read again, and the change is
 * decided on again.
 *
 * @param changeOf the change of a pixel. It throws a Failure if it does not fit the pixel any more.
 * @returns a message for the reader.
 */
export async function save(
  { pixel, onChange }: SettingsProps,
  changeOf: (pixel: Pixel) => Change,
): Promise<string> {
  const path = `/api/v1/pixels/${pixel.id}`;
  let latest = pixel;
  for (let tries = 1; ; tries++) {
    const change = changeOf(latest);
    try {
      const headers = { 'if-match': `"${latest.etag}"` };
      const response = await request('PATCH', path, change, { headers });
      const { timezone_change, ...changed } = (await response.json()) as Changed;
      onChange(changed);
      return `Saved.${timezone_change ? rezoneMessage(timezone_change) : ''}`;
    } catch (error) {
      const isOutdated = error instanceof Failure && error.reason === 'precondition_failed';
      if (!isOutdated || tries === MAX_TRIES) throw error;
      latest = await call<Pixel>('GET', path);
      onChange(latest);
    }
  }
}

function rezoneMessage({ kept_until, uncounted_events }: NonNullable<Changed['timezone_change']>): string {
  const days =
    kept_until === null
      ? ' All days are computed again.'
      : ` Days up to ${dayName(kept_until)} are unchanged.`;
  return (
    days +
    (uncounted_events > 0 ? ` ${count(uncounted_events)} events in between are not counted in any day.` : '')
  );
}

interface FieldsForm<T> {
  readonly draft: DraftOf<T>;
  readonly submission: Submission;
  readonly submit: () => Promise<string>;
}

/**
 * A form of some of a pixel's fields. Only what the reader has changed is sent.
 *
 * @param name the form's, unique among the settings.
 * @param labels what the fields are called.
 */
export function useFields<T extends object>(
  props: SettingsProps,
  name: string,
  fieldsOf: (pixel: Pixel) => T,
  changeOf: (changes: Partial<T>) => Change,
  labels: Readonly<Record<keyof T & string, string>>,
): FieldsForm<T> {
  const draft = useDraft(`${props.pixel.id} ${name}`, fieldsOf(props.pixel));
  const submission = useSubmission();
  const submit = async (): Promise<string> => {
    const message = await save(props, (latest) => {
      draft.rebase(fieldsOf(latest), (field, value) => {
        const text = Array.isArray(value) ? value.join(', ') : String(value);
        return `“${labels[field]}” is now ${text === '' ? 'empty' : `“${text}”`}.`;
      });
      return changeOf(draft.changes);
    });
    draft.discard();
    return message;
  };
  return { draft, submission, submit };
}
