import { Form, Input } from '../forms.tsx';
import { type SettingsProps, useFields } from './save.ts';

/** What visitors read about the owner on the pages `/privacy` and `/opt-out`. */
export function OwnerForm(props: SettingsProps) {
  const { id } = props.pixel;
  const { draft, submission, submit } = useFields(
    props,
    'owner',
    ({ settings: { owner_name, owner_contact, owner_policy } }) => ({
      owner_name,
      owner_contact,
      owner_policy,
    }),
    (settings) => ({ settings }),
    { owner_name: 'Name', owner_contact: 'Contact', owner_policy: 'Privacy policy' },
  );
  const { owner_name, owner_contact, owner_policy } = draft.value;
  return (
    <Form kind="block" submission={submission} submit={submit} button="Save">
      <h2>Who runs this site</h2>
      <p class="muted">
        Visitors see this on the pages <a href={`/privacy?id=${id}`}>Your data</a> and{' '}
        <a href={`/opt-out?id=${id}`}>Opt out</a>. Without an id in the address, these list the owners of all
        pixels.
      </p>
      <Input
        label="Name"
        hint="Your company, or your own name."
        maxLength={120}
        value={owner_name}
        set={(text) => draft.set({ owner_name: text })}
      />
      <Input
        label="Contact"
        hint="An e-mail address, or the URL of a contact page."
        maxLength={500}
        value={owner_contact}
        set={(text) => draft.set({ owner_contact: text })}
      />
      <Input
        label="Privacy policy"
        hint="A URL."
        maxLength={500}
        value={owner_policy}
        set={(text) => draft.set({ owner_policy: text })}
      />
    </Form>
  );
}
