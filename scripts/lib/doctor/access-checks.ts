/** Whether the tables are of some version, and an older one. */
const isBehind = ({ diagnostics }: Facts): boolean =>
  Boolean(
    diagnostics?.schema &&
      diagnostics.schema.version > 0 &&
      diagnostics.schema.version < diagnostics.schema.expected,
  );

/** Whether the Speck answers, and gives its diagnostics. */
import { deployCommand, type Facts, type Finding, finding, secretPut } from './facts.ts';

export function accessFindings(facts: Facts): Finding[] {
  const { url, health, failure, access } = facts;
  if (!health) {
    const start = facts.isLocal
      ? 'Start it: npm start'
      : 'Check the address, and whether it is deployed: npm run deploy';
    return [finding('wrong', 'unreachable', `${url} ${failure}.`, `${start}.`)];
  }
  const findings: Finding[] = [];
  // Tables of an older version may lack what the counts read: that they are behind is told by itself.
  if (health.store === null && !isBehind(facts)) {
    findings.push(
      finding(
        'wrong',
        'no_database',
        'The database does not answer, or has no tables.',
        `Create them: ${deployCommand(facts)}`,
      ),
    );
  }
  if (/ADMIN_TOKEN/.test(health.api)) {
    findings.push(
      finding(
        'wrong',
        'no_admin_token',
        'ADMIN_TOKEN is not set, so the API is closed.',
        `Set it: ${secretPut(facts, 'ADMIN_TOKEN')}`,
      ),
    );
  } else if (/SECRET_KEY/.test(health.api)) {
    findings.push(
      finding(
        'wrong',
        'no_secret_key',
        'SECRET_KEY is not set, so the API is closed, and events are stored without visitor and person.',
        `If there was one before, set the same one: ${secretPut(facts, 'SECRET_KEY')}. If not, ${deployCommand(facts)} creates it.`,
      ),
    );
  }
  if (facts.diagnostics === null && health.schema?.advice)
    findings.push(finding('wrong', 'schema', health.schema.advice, `Run ${deployCommand(facts)}.`));
  return [...findings, ...ACCESS[access](facts)];
}

const ACCESS: Readonly<Record<Facts['access'], (facts: Facts) => Finding[]>> = {
  read: () => [],
  // Said already.
  closed: () => [],
  'no token': ({ url }) => [
    finding(
      'note',
      'no_token',
      `Without a token, only what ${url}/health says was looked at.`,
      'Give ADMIN_TOKEN as --token or SPECK_TOKEN.',
    ),
  ],
  'wrong token': ({ url }) => [
    finding(
      'wrong',
      'wrong_token',
      `${url} does not take the token as its owner's.`,
      'Give ADMIN_TOKEN as --token or SPECK_TOKEN.',
    ),
  ],
  'too old': (facts) => [
    finding(
      'wrong',
      'too_old',
      `The Worker at ${facts.url} is of an earlier version, which has no diagnostics.`,
      `Upgrade it: ${deployCommand(facts)}`,
    ),
  ],
  failed: ({ url, failure }) => [
    finding(
      'wrong',
      'no_diagnostics',
      `${url} did not give its diagnostics: ${failure}`,
      'Look into its log: npx wrangler tail.',
    ),
  ],
};
