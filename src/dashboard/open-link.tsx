import { useEffect, useState } from 'preact/hooks';
import { call, Failure, type Session } from './api.ts';
import { Form, Input, useSubmission } from './forms.tsx';
import { keepOpenLink } from './opened-link.ts';
import { ErrorMessage, Heading, Loading } from './ui.tsx';

/** Opens a shared link. Its secret is in the fragment of the address, which browsers send to no server. */
export default function OpenLink({ onOpen }: { readonly onOpen: (session: Session) => void }) {
  const [password, setPassword] = useState('');
  const [needsPassword, setNeedsPassword] = useState(false);
  const submission = useSubmission();
  const link = location.hash.slice(1);
  const open = async (): Promise<undefined> => {
    try {
      if (link === '')
        throw new Failure(401, { detail: 'This address is incomplete: the part after the # is missing.' });
      const body = { link, ...(password === '' ? {} : { password }) };
      const session = await call<Session>('POST', '/api/v1/session', body);
      keepOpenLink(session.shown?.id ?? '');
      onOpen(session);
    } catch (error) {
      if ((error as Failure).reason === 'wrong_password') {
        setNeedsPassword(true);
        if (password === '') return;
      }
      throw error;
    }
  };
  useEffect(() => {
    void submission.send(open);
  }, []);
  if (needsPassword) {
    return (
      <Form kind="narrow" submission={submission} submit={open} button="Open">
        <Heading>Shared statistics</Heading>
        <Input
          label="Password"
          hint="Ask the person who gave you the link."
          type="password"
          autocomplete="off"
          required
          value={password}
          set={setPassword}
        />
      </Form>
    );
  }
  return (
    <div class="narrow">
      <Heading>Shared statistics</Heading>
      {submission.failure ? (
        <ErrorMessage failure={submission.failure} retry={() => void submission.send(open)} />
      ) : (
        <Loading />
      )}
    </div>
  );
}
