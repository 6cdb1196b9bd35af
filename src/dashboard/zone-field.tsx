import { Field } from './ui.tsx';

/** A time zone of the IANA database, out of those that the browser knows. */
export function ZoneField({ value, set }: { readonly value: string; readonly set: (zone: string) => void }) {
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];
  return (
    <Field label="Time zone" hint="Its midnights bound the days.">
      {(props) => (
        <select {...props} value={value} onChange={(event) => set(event.currentTarget.value)}>
          {(zones.includes(value) ? zones : [value, ...zones]).map((zone) => (
            <option key={zone} value={zone}>
              {zone}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
