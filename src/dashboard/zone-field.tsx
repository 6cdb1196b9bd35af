import { Choice } from './forms.tsx';

/** A time zone of the IANA database, out of those that the browser knows. */
export function ZoneField({ value, set }: { readonly value: string; readonly set: (zone: string) => void }) {
  const known = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];
  const zones = known.includes(value) ? known : [value, ...known];
  return (
    <Choice
      label="Time zone"
      hint="Its midnights bound the days."
      options={zones.map((zone) => [zone, zone])}
      value={value}
      set={set}
    />
  );
}
