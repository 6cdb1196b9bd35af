/** A shared link as the API describes it, in the reader's words. */
import { count, date } from '../format.ts';
import { Input } from '../forms.tsx';

export interface SharedLink {
  readonly id: string;
  readonly name: string;
  readonly has_password: boolean;
  readonly expires_at: string | null;
  readonly created_at: string;
  readonly public: boolean;
  readonly public_url: string | null;
  readonly badge_url: string | null;
  readonly embed_origins: readonly string[];
  readonly last_used_at: string | null;
  readonly sessions: number;
}

export function linkText(link: SharedLink): string {
  const { created_at, has_password, expires_at, last_used_at, sessions } = link;
  const isExpired = expires_at !== null && Date.parse(expires_at) < Date.now();
  return [
    link.public ? 'public' : '',
    `created ${date(created_at)}`,
    has_password ? 'with a password' : '',
    expires_at === null ? '' : `${isExpired ? 'expired' : 'expires'} ${date(expires_at)}`,
    last_used_at === null ? 'not used yet' : `last used ${date(last_used_at)}`,
    sessions === 0 || isExpired
      ? ''
      : `open in ${count(sessions)} ${sessions === 1 ? 'browser' : 'browsers'}`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** The end of a day in the owner's time zone; null for an empty day. */
export const endOf = (day: string): string | null =>
  day === '' ? null : new Date(`${day}T23:59:59`).toISOString();

/** The day of a time in the owner's time zone, as inputs have it; empty for null. */
export const dayOf = (time: string | null): string =>
  time === null ? '' : new Intl.DateTimeFormat('sv').format(new Date(time));

interface LastDayProps {
  readonly value: string;
  readonly set: (value: string) => void;
}

export function LastDay({ value, set }: LastDayProps) {
  return (
    <Input
      label="Expires"
      hint="At the end of this day, your time. Empty: never."
      type="date"
      min={dayOf(new Date().toISOString())}
      value={value}
      set={set}
    />
  );
}
