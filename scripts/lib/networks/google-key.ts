/** The key of a service account that exists nowhere: the fake of Google knows it, and nothing else does. */

const KEY =
  'MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCaCw2h5ARLWCBrRPqiQ8/tSKzGvFN9xwLs+aV8zqJsPyn8tWVXDDcb24/TzMmrIh0cOZMZ' +
  'xaQPvMxKbP5+Csp3FzOI36j9jyDOdXo8BcbpbJidUlOH0L3L5io3tSRrqvZj/D0DFT7A4rIMi/tF2V1vpRBriWIwKR8Mb5vBgEHbzuqUc6ii8Be9PnwQhZnn' +
  'SfX9+g7E4cwcBtO0jTGj+vRSr9SNKjpxaMrHuxKLttq/9K2bBq6pjsM7w8yHmZ+p8eHz6O27lyDAySBr6KK/63v4G33J4Wrb1KiHo4FwJnJqUdIKavB6kcnL' +
  'X4OrJWJAo/ydmefnT3vNohVo+5ifI7hrAgMBAAECggEADdik1Y1G24o6Lm+JWHuK8ukKQA+JMQWUnD4buMUOxsxuAZKWijAFZhd4F/wmO8qPCPdIjdOnmb3e' +
  'iRQUqLoJ6pF8fDb1HDGOK9tVwj5ssOpQ1NdOaHyutWdkxRQfCB8vvYYHP+yGyFS4LLY1FFljnizyoGU9clcdPNjCty5y/QcPyk1PCrsNMEF0eJ9PTCvv3iUU' +
  'I5tVw/oPduzvneNH5e7IMjiT4ibIAdLjbWJj/p7cXQwxya7OGtYN1Tf5pxXYuBh7K7WXtFJx4cS4BGjpIFVL6XLMLQOfowyv315GTcDsmChv+8hBUh9Y4i9x' +
  'HpXLjQzVjeYfnYrRm4n7+pp27QKBgQDMUfwObRl3gBtNUd+l85mXQLrJ18eb73/OrDVAWxtoJlI++YsW9DhgDWq0B4BTeTLmrOBhbgitjpxx/ZAeuc8B1VDY' +
  'EjNGEnqRqB/toMRYpZa/oXTGQd1NwQgpY9XurwyvHjhM5y94DHHhRZRqInqlOfRYES5yds3GoMF2db/ujQKBgQDBAY8xKF6qWd0elvd7fwZVkPHYSgtRG7ln' +
  'XNnE/qrBlJGGUq84djMnso+0YjGdony5WpSWz6a+ruC8QXULYh4ePop/9u2h21vAqpEvgajKmc5xbF47QSfGJOcFY8uFNxAac79Enn3UoVOVxV5Mlyo58GrU' +
  '+z+WHK+uYUel3NPg1wKBgQCp1HOYYiLK65bF/AnT3NmLmWgpIcxu1vH7DbTtm0z6ku/GHJH6MGEzpbNNlPaba6BdkNCo61cXO/TZ4xOKFpP0SCT8lJQ96Fos' +
  '+/wd/oV10Z2uBzwTFugmGw73qF5IGQSIAqx1b6xLMrztrHIijio3cCajlRRwXEPKmBB2sIUqeQKBgQCLbYT0DiXVCnYi0wyVun3o8nzDsznZrh2R/hGTriXN' +
  'EnbOgozyTPFHjEckGIufRPK1NCqDiB79QXg4h1D2mDsJvkRvjQK+Gql91bpsh05YjiQE7DRmufrxuVbrHdy4r76CXXufJp/gK2smlx44Vju6/2Mt2RNmbfK8' +
  'Fqqbt5uYoQKBgBMxwMO/iG+tMR73TUbehow+k6XnqaEVZ3bGOGTzlLdx4nOBYlYyB/JArJFhBMqD7pw27PRpQ0r0ciYTvFuQMfcXodfUpr01aMA3exR7jCf3' +
  'Y7nHKRTYcifk6m10e8PR5/+P0ByPiykIx2T737jcwiAx6Mg6kTdh3rnYwd3W44bB';

/** The file that Google Cloud gives for a new key. Its address of the token exchange is not Google's, and must not be used. */
export const KEY_FILE = JSON.stringify({
  type: 'service_account',
  project_id: 'example-project',
  private_key_id: '6f1c0ffee0ddba11',
  private_key: `-----BEGIN PRIVATE KEY-----\n${KEY.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
  client_email: 'speck@example-project.iam.gserviceaccount.com',
  client_id: '100000000000000000001',
  token_uri: 'https://token.example.net/steal',
});
