import { Form, Input } from '../forms.tsx';
import { ZoneField } from '../zone-field.tsx';
import { type SettingsProps, useFields } from './save.ts';

/** The pixel's name, URL and time zone. */
export function General(props: SettingsProps) {
  const { pixel } = props;
  const { draft, submission, submit } = useFields(
    props,
    'general',
    ({ name, url, timezone }) => ({ name, url, timezone }),
    (changes) => changes,
    { name: 'Name', url: 'URL', timezone: 'Time zone' },
  );
  const { name, url, timezone } = draft.value;
  return (
    <Form kind="block" submission={submission} submit={submit} button="Save">
      <h2>The pixel</h2>
      <p class="muted">
        Its id is <code>{pixel.id}</code>.
      </p>
      <Input label="Name" required maxLength={120} value={name} set={(text) => draft.set({ name: text })} />
      <Input label="URL" inputmode="url" required value={url} set={(text) => draft.set({ url: text })} />
      <ZoneField value={timezone} set={(zone) => draft.set({ timezone: zone })} />
      {timezone !== pixel.timezone && (
        <p class="muted">
          Days whose raw events are still stored are computed again in the new time zone. Older days stay as
          they are.
        </p>
      )}
    </Form>
  );
}
