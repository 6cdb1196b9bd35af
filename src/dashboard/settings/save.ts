/** Saving settings: each form sends what it is about, and says what came of it. */
import { call, type Pixel, type Settings } from '../api.ts';
import { count, dayName } from '../format.ts';

/** What each form of the settings is given. */
export interface SettingsProps {
  readonly pixel: Pixel;
  /** To be called after a change: the pixel is asked for anew. */
  readonly changed: () => void;
}

interface Change {
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

/** Changes the pixel. Resolves to what there is to say of it. */
export async function save({ pixel, changed }: SettingsProps, change: Change): Promise<string> {
  const { timezone_change } = await call<Changed>('PATCH', `/api/v1/pixels/${pixel.id}`, change);
  changed();
  return `Saved.${timezone_change ? rezoned(timezone_change) : ''}`;
}

function rezoned({ kept_until, uncounted_events }: NonNullable<Changed['timezone_change']>): string {
  const kept =
    kept_until === null ? ' All days are cut anew.' : ` Days up to ${dayName(kept_until)} stay as they were.`;
  return (
    kept + (uncounted_events > 0 ? ` ${count(uncounted_events)} events between them count in no day.` : '')
  );
}
