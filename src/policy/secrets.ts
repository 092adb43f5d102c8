/** A form of secrets; regular expressions are for Perl. */
interface SecretForm {
  readonly name: string;
  /** Completes "looks like …". */
  readonly words: string;
  /**
   * `varied`: a text of many different characters. `mixed`: with capitals, small letters and digits. `crc32`: a token
   * of GitHub's, whose checksum must be right. `key`: the first line of a key file.
   */
  readonly check: "varied" | "mixed" | "crc32" | "key";
  /**
   * Every match contains one of these texts, separated by |. Perl searches for plain texts together thirty times as
   * fast as for expressions.
   */
  readonly hint: string;
  readonly regex: string;
  /** Page that describes the form. */
  readonly source: string;
}

const NOT_BEFORE = "(?<![A-Za-z0-9_])";
const NOT_AFTER = "(?![A-Za-z0-9_])";
/** 40 characters of base64 that are no part of a longer text. */
const AWS_SECRET = "(?<![A-Za-z0-9/+=_-])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=_-])";

/** Forms of secrets that hardly any other text has. docs/policy.md lists each. */
export const SECRET_FORMS: readonly SecretForm[] = [
  {
    name: "aws_key",
    words: "the secret of an AWS access key",
    check: "mixed",
    hint: "AKIA|ASIA",
    regex: String.raw`${NOT_BEFORE}A[KS]IA[A-Z2-7]{16}${NOT_AFTER}[\s\S]{0,300}?${AWS_SECRET}`,
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
  },
  {
    name: "aws_secret",
    words: "the secret of an AWS access key",
    check: "mixed",
    hint: "ecretAccessKey|secret_access_key|SECRET_ACCESS_KEY|aws_secret_key|AWS_SECRET_KEY",
    regex: String.raw`(?:[sS]ecretAccessKey|(?:aws_)?secret_access_key|(?:AWS_)?SECRET_ACCESS_KEY|aws_secret_key|AWS_SECRET_KEY)["']?\s{0,9}(?:=>?|:)\s{0,9}["']?${AWS_SECRET}`,
    source: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html",
  },
  {
    name: "github_token",
    words: "a GitHub token",
    check: "crc32",
    hint: "ghp_|gho_|ghu_|ghs_|ghr_",
    regex: `${NOT_BEFORE}gh[pousr]_(?:[A-Za-z0-9]{36}${NOT_AFTER}|[A-Za-z0-9_.-]{60,600})`,
    source: "https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/",
  },
  {
    name: "github_fine_grained_token",
    words: "a GitHub token",
    check: "varied",
    hint: "github_pat_",
    regex: `${NOT_BEFORE}github_pat_([A-Za-z0-9]{22}_[A-Za-z0-9]{59})${NOT_AFTER}`,
    source:
      "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github",
  },
  {
    name: "gitlab_token",
    words: "a GitLab token",
    check: "varied",
    hint: "glpat-",
    regex: String.raw`${NOT_BEFORE}glpat-(?:[A-Za-z0-9_-]{20}(?![A-Za-z0-9_-])|[A-Za-z0-9_-]{27,300}\.[0-9a-z]{2}[0-9a-z]{7}${NOT_AFTER})`,
    source: "https://docs.gitlab.com/security/tokens/#token-prefixes",
  },
  {
    name: "slack_token",
    words: "a Slack token",
    check: "varied",
    hint: "xoxa|xoxb|xoxe|xoxo|xoxp|xoxr|xoxs",
    regex: String.raw`${NOT_BEFORE}xox[abeoprs](?:\.xox[bp])?-(?:[0-9]{1,14}-){1,3}([A-Za-z0-9]{24,400})`,
    source: "https://docs.slack.dev/authentication/tokens",
  },
  {
    name: "stripe_key",
    words: "a live Stripe key",
    check: "varied",
    hint: "sk_live_|rk_live_",
    regex: `${NOT_BEFORE}[sr]k_live_[A-Za-z0-9]{20,250}${NOT_AFTER}`,
    source: "https://docs.stripe.com/keys",
  },
  {
    name: "private_key",
    words: "a private key",
    check: "key",
    hint: "PRIVATE KEY",
    regex: String.raw`-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[\s"'+,;*#>|]|\\[nr]|[A-Za-z-]{1,30}: [^\n]{0,200}\n){0,200}?[A-Za-z0-9+/]{40}`,
    source: "https://www.rfc-editor.org/rfc/rfc7468",
  },
];
