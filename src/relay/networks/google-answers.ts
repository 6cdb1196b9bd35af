/**
 * Google's reasons for refusing events, by the last part of their names, with what an owner can do. The names are those of the API's error.proto and
 * processing_errors.proto, and of developers.google.com/data-manager/api/reference/rest/v1/ErrorReason, to which Google adds new ones.
 */

const CONVERSION_ACTION =
  'In the rule, enter the number of a conversion action of this account whose source is the website. It is after `ctId=` in the URL of its page in Google Ads.';
const TERMS =
  'In Google Ads, open Goals, Settings, Customer data terms, and accept them. Then switch on enhanced conversions for the conversion action.';
const ACCESS =
  'In Google Ads, open Admin, Access and security, and add the e-mail address of the service account as a user with standard access. If it is a user of a manager account only, enter the customer ID of that account in “Manager account”.';
const CLICK_ID = 'Check that no page changes the click id in its URL.';
const OTHER_ACCOUNT =
  'The click was on an advertisement of another Google Ads account: add a destination for that account.';
const TIME = 'The conversion is older than the conversion window of its action.';
const ACCOUNTS = 'Check the Customer ID and the manager account.';
const CONSENT =
  'The account refuses events without consent to advertising. Speck says that the visitor granted it: check the consent settings of the account.';

/** The conversion action was just created. */
export const TOO_NEW = 'CONVERSION_ACTION_TOO_RECENTLY_CREATED';

/** Reasons that concern the account or the key: nothing will be accepted until they are gone. */
const STOPPING: Readonly<Record<string, string>> = {
  PERMISSION_DENIED: ACCESS,
  UNAUTHENTICATED: 'Create a new JSON key of the service account, and enter it in the destination.',
  SERVICE_DISABLED:
    'In Google Cloud, open the project of the service account, APIs & Services, Library, and enable the Data Manager API.',
  ACCESS_TOKEN_SCOPE_INSUFFICIENT:
    'In Google Cloud, enable the Data Manager API for the project of the service account.',
  NOT_FOUND: 'Check the Customer ID, the API version and the host.',
  INVALID_DESTINATION: ACCOUNTS,
  OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH: ACCOUNTS,
  DESTINATION_ACCOUNT_TYPE_MISMATCH: ACCOUNTS,
  NOT_ALLOWLISTED:
    'Google has not enabled this account for conversions by the Data Manager API. Ask Google’s support.',
  TERMS_AND_CONDITIONS_NOT_SIGNED: TERMS,
  DESTINATION_ACCOUNT_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS: TERMS,
  DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED: TERMS,
  DESTINATION_ACCOUNT_DATA_POLICY_PROHIBITS_ENHANCED_CONVERSIONS:
    'Google does not allow enhanced conversions for this account because of its customer data policies. Ask Google’s support.',
};

/** Reasons that concern single events. */
const REFUSING: Readonly<Record<string, string>> = {
  INVALID_CONVERSION_ACTION_ID: CONVERSION_ACTION,
  INVALID_CONVERSION_ACTION_TYPE: CONVERSION_ACTION,
  EVENT_SOURCE_AND_DESTINATION_MISMATCH: CONVERSION_ACTION,
  [TOO_NEW]:
    'Google accepts no conversions for an action that was just created. Speck sends the conversion again, which can take some hours.',
  NO_IDENTIFIERS_PROVIDED:
    'Pass the user’s e-mail address or phone number to the tag, or keep the click ids in the URLs of landing pages.',
  INVALID_CURRENCY_CODE: 'Send a currency that Google Ads supports.',
  EVENT_TOO_OLD: TIME,
  EVENT_TIME_INVALID: TIME,
  DENIED_CONSENT: CONSENT,
  NO_CONSENT: CONSENT,
  UNKNOWN_CONSENT: CONSENT,
  INVALID_GCLID: CLICK_ID,
  INVALID_GBRAID: CLICK_ID,
  INVALID_WBRAID: CLICK_ID,
  INVALID_CLICK: CLICK_ID,
  CLICK_NOT_FOUND: CLICK_ID,
  OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER: OTHER_ACCOUNT,
  INVALID_OPERATING_ACCOUNT_FOR_CLICK: OTHER_ACCOUNT,
  INVALID_AD_IDENTIFIER_FOR_ACCOUNT: OTHER_ACCOUNT,
  ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID:
    'In Google Ads, let the conversion action count every conversion: clicks on iOS have ids that cannot be counted once a click.',
  TOO_RECENT_CLICK:
    'Google takes a conversion of this action only some hours after the click. Use an action whose source is the website.',
};

/** Reasons for which an event is not counted because Google has it already. */
export const COUNTED: ReadonlySet<string> = new Set(['DUPLICATE_TRANSACTION_ID', 'DUPLICATE_GCLID']);

/** Google's name of a reason without the beginning that all of its kind have. */
export const reasonOf = (name: string): string =>
  name.replace(/^PROCESSING_(?:ERROR|WARNING)_(?:REASON_)?/, '');

/** Whether Google will refuse everything for this reason. */
export const isStopping = (reason: string): boolean => Object.hasOwn(STOPPING, reason);

/** What an owner can do about the first of these reasons that is known; `''` if none is. */
export function adviceFor(reasons: readonly string[]): string {
  const known = reasons.find((reason) => isStopping(reason) || Object.hasOwn(REFUSING, reason));
  return known === undefined ? '' : (STOPPING[known] ?? REFUSING[known] ?? '');
}
