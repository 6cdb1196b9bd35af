import { Choice } from './forms.tsx';

/** A choice of the IANA time zones that the browser supports. */
export function ZoneField({ value, set }: { readonly value: string; readonly set: (zone: string) => void }) {
  const supported = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];
  const zones = supported.includes(value) ? supported : [value, ...supported];
  return (
    <Choice
      label="Time zone"
      hint="Days start and end at midnight in this time zone."
      options={zones.map((zone) => [zone, zone])}
      value={value}
      set={set}
    />
  );
}
