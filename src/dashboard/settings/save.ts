/** Saves settings. Each form sends its own part, and shows the message that this resolves to. */
import { call, type Pixel, type Settings } from '../api.ts';
import { count, dayName } from '../format.ts';

/** The props of each form of settings. */
export interface SettingsProps {
  readonly pixel: Pixel;
  /** Called after a change, to load the pixel again. */
  readonly onChange: () => void;
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

/** Changes the pixel. Resolves to a message for the reader. */
export async function save({ pixel, onChange }: SettingsProps, change: Change): Promise<string> {
  const { timezone_change } = await call<Changed>('PATCH', `/api/v1/pixels/${pixel.id}`, change);
  onChange();
  return `Saved.${timezone_change ? rezoneMessage(timezone_change) : ''}`;
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
