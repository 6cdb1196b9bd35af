import { useState } from 'preact/hooks';
import { Form, Input, useSubmission } from '../forms.tsx';
import { type SettingsProps, save } from './save.ts';

/** What visitors read about the owner on the pages `/privacy` and `/opt-out`. */
export function OwnerForm(props: SettingsProps) {
  const { settings, id } = props.pixel;
  const [owner_name, setName] = useState(settings.owner_name);
  const [owner_contact, setContact] = useState(settings.owner_contact);
  const [owner_policy, setPolicy] = useState(settings.owner_policy);
  const submission = useSubmission();
  return (
    <Form
      kind="block"
      submission={submission}
      submit={() => save(props, { settings: { owner_name, owner_contact, owner_policy } })}
      button="Save"
    >
      <h2>Who runs this site</h2>
      <p class="muted">
        Visitors see this on <a href={`/privacy?id=${id}`}>Your data</a> and{' '}
        <a href={`/opt-out?id=${id}`}>Opt out</a>, together with the owners of your other pixels.
      </p>
      <Input
        label="Name"
        hint="Your company, or your own name."
        maxLength={120}
        value={owner_name}
        set={setName}
      />
      <Input
        label="Contact"
        hint="An e-mail address, or the URL of a contact page."
        maxLength={500}
        value={owner_contact}
        set={setContact}
      />
      <Input label="Privacy policy" hint="A URL." maxLength={500} value={owner_policy} set={setPolicy} />
    </Form>
  );
}
