/** libpq's variables for the parameters that a URL may carry; what libpq does not know (node's own) is left out. */
const PARAMETERS: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  options: 'PGOPTIONS',
  connect_timeout: 'PGCONNECT_TIMEOUT',
};

/**
 * The environment by which pg_dump, pg_restore and psql find a database and log in to it. Not their arguments: those can be
 * read by every user of the machine, and the password stands here.
 */
export function connectionEnvironment(url: string, applicationName: string): Record<string, string> {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  const environment: Record<string, string> = {
    PGHOST: decodeURIComponent(hostname.replace(/^\[(.*)\]$/, '$1')) || 'localhost',
    PGPORT: port === '' ? '5432' : port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    PGAPPNAME: applicationName,
    PGCONNECT_TIMEOUT: '10',
  };
  for (const [name, value] of searchParams) {
    const variable = PARAMETERS[name];
    // node-postgres has a mode of its own that encrypts and checks nothing; libpq calls that "require".
    if (variable !== undefined) environment[variable] = name === 'sslmode' && value === 'no-verify' ? 'require' : value;
  }
  return environment;
}
