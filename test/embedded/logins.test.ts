import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { startEmbedded, type EmbeddedServer } from '../../src/database/embedded/embedded-server.js';
import { connected, errorOf, newFolder, removeFolder, urlFor } from './embedded-database.js';

describe('logins of the embedded database', () => {
  const folder = newFolder();
  let server: EmbeddedServer;
  let admin: pg.Client;

  beforeAll(async () => {
    server = await startEmbedded({ dataDir: folder });
    admin = await connected(server.adminUrl);
    await admin.query(`
      CREATE ROLE tea LOGIN NOINHERIT PASSWORD 'tea' CONNECTION LIMIT 2;
      CREATE ROLE rice LOGIN PASSWORD 'rice';
      CREATE ROLE owner NOLOGIN PASSWORD 'owner';
      CREATE ROLE late LOGIN PASSWORD 'late' VALID UNTIL '2001-01-01';
      CREATE SCHEMA tea; CREATE TABLE tea.cups (id int); INSERT INTO tea.cups VALUES (1);
      GRANT USAGE ON SCHEMA tea TO tea; GRANT SELECT ON tea.cups TO tea;
      CREATE SCHEMA rice; CREATE TABLE rice.bowls (id int);
      CREATE SCHEMA house; GRANT USAGE ON SCHEMA house TO tea, rice;
      CREATE TABLE house.events (product_id text, what text);
      ALTER TABLE house.events ENABLE ROW LEVEL SECURITY; ALTER TABLE house.events FORCE ROW LEVEL SECURITY;
      CREATE POLICY own ON house.events USING (product_id = (select current_user::text collate "default"));
      GRANT SELECT, INSERT ON house.events TO tea, rice;
      INSERT INTO house.events VALUES ('tea', 'brewed'), ('rice', 'boiled');`);
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
    removeFolder(folder);
  });

  it.each([
    ['a wrong password', 'tea', 'coffee', '28P01'],
    ['a role that is not there', 'nobody', 'x', '28P01'],
    ['a password past its time', 'late', 'late', '28P01'],
    ['a role that may not log in', 'owner', 'owner', '28000'],
  ])('refuses %s', async (_case, role, password, code) => {
    expect(await errorOf(connected(urlFor(server.adminUrl, role, password)))).toMatchObject({ code });
  });

  it('refuses a database that is not there, and one that the role may not enter', async () => {
    expect(await errorOf(connected(urlFor(server.adminUrl, 'tea').replace(/postgres$/, 'cellar')))).toMatchObject({ code: '3D000' });
    await admin.query('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO tea');
    expect(await errorOf(connected(urlFor(server.adminUrl, 'rice')))).toMatchObject({ code: '42501' });
    await admin.query('GRANT CONNECT ON DATABASE postgres TO PUBLIC');
  });

  it('counts the connections that a role may have', async () => {
    const clients = [await connected(urlFor(server.adminUrl, 'tea')), await connected(urlFor(server.adminUrl, 'tea'))];
    expect(await errorOf(connected(urlFor(server.adminUrl, 'tea')))).toMatchObject({ code: '53300' });
    await Promise.all(clients.map((client) => client.end()));
  });

  it('takes a new password at once', async () => {
    await admin.query("ALTER ROLE rice PASSWORD 'barley'");
    expect(await errorOf(connected(urlFor(server.adminUrl, 'rice')))).toMatchObject({ code: '28P01' });
    await (await connected(urlFor(server.adminUrl, 'rice', 'barley'))).end();
    await admin.query("ALTER ROLE rice PASSWORD 'rice'");
  });

  it('gives each connection its role, its rights and its rows, in turn with others', async () => {
    const tea = await connected(urlFor(server.adminUrl, 'tea'));
    const rice = await connected(urlFor(server.adminUrl, 'rice'));
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await tea.query('SELECT what, current_user AS who FROM house.events')).rows).toEqual([{ what: 'brewed', who: 'tea' }]);
      expect((await rice.query('SELECT what, session_user AS who FROM house.events')).rows).toEqual([{ what: 'boiled', who: 'rice' }]);
      expect(await errorOf(tea.query('SELECT * FROM rice.bowls'))).toMatchObject({ code: '42501' });
      expect(await errorOf(rice.query('SELECT * FROM tea.cups'))).toMatchObject({ code: '42501' });
    }
    for (const sql of ['SET ROLE postgres', 'SET SESSION AUTHORIZATION postgres', 'RESET SESSION AUTHORIZATION', 'CREATE ROLE more']) {
      expect(await errorOf(tea.query(sql))).toMatchObject({ code: '42501' });
    }
    await tea.query('DISCARD ALL');
    expect((await tea.query('SELECT current_user AS who')).rows).toEqual([{ who: 'tea' }]);
    await Promise.all([tea.end(), rice.end()]);
  });

  it("applies the role's settings, the more particular ones first, and the connection's own above them", async () => {
    await admin.query(`
      ALTER ROLE tea SET search_path = house; ALTER ROLE tea IN DATABASE postgres SET search_path = tea, house;
      ALTER ROLE tea SET work_mem = '5MB'; ALTER DATABASE postgres SET work_mem = '6MB'; ALTER ROLE tea SET "tea.kind" = 'it''s, green';
      ALTER ROLE tea SET statement_timeout = '9s'; ALTER ROLE tea SET idle_in_transaction_session_timeout = '50ms'`);
    const settings = async (client: pg.Client) =>
      (await client.query(`SELECT current_setting('search_path') AS path, current_setting('work_mem') AS memory,
        current_setting('tea.kind', true) AS kind, current_setting('statement_timeout') AS limit, current_setting('application_name') AS name`)).rows[0];
    const tea = await connected(urlFor(server.adminUrl, 'tea'), { application_name: 'kettle' });
    expect(await settings(tea)).toEqual({ path: 'tea, house', memory: '5MB', kind: "it's, green", limit: '0', name: 'kettle' });
    const own = await connected(urlFor(server.adminUrl, 'tea'), { options: '-c work_mem=7MB -c search_path=house' });
    expect(await settings(own)).toMatchObject({ path: 'house', memory: '7MB' });

    await admin.query("ALTER ROLE tea SET work_mem = '8MB'");
    expect(await settings(tea)).toMatchObject({ memory: '8MB', path: 'tea, house' });
    await admin.query('ALTER DATABASE postgres RESET ALL');
    await Promise.all([tea.end(), own.end()]);
  });

  it('takes SET ROLE from the start-up options, and refuses the connection where it may not', async () => {
    const visitor = await connected(server.adminUrl, { options: '-c role=owner' });
    await admin.query('SELECT 1');
    expect((await visitor.query('SELECT current_user AS who, session_user AS login')).rows).toEqual([{ who: 'owner', login: 'postgres' }]);
    await visitor.end();
    expect(await errorOf(connected(urlFor(server.adminUrl, 'rice'), { options: '-c role=owner' }))).toMatchObject({ code: '42501' });
    expect(await errorOf(connected(urlFor(server.adminUrl, 'rice'), { options: '-c no_such_setting=1' }))).toMatchObject({ code: '42704' });
  });

  it('has pgvector where it is asked for', async () => {
    await admin.query('CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions');
    const { rows } = await admin.query("SELECT '[1,2]'::extensions.vector OPERATOR(extensions.<=>) '[2,1]' AS distance");
    expect(rows[0].distance).toBeCloseTo(0.2);
  });
});
