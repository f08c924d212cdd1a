"""What is asked of PostgreSQL's catalogue: what makes up a schema, a database as a whole, a server. Values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, LiteralString

_SORTED: Final = "string_agg(one::text, ',' ORDER BY one::text)"  # of rights: in which order they were given is nothing
_OWNER: Final = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
_USUAL: Final = r"""EXISTS (
    SELECT FROM pg_settings s CROSS JOIN LATERAL (
        SELECT coalesce((SELECT f.setting FROM pg_file_settings f WHERE lower(f.name) = lower(s.name) AND f.applied
                         ORDER BY f.seqno DESC LIMIT 1), s.boot_val) AS usual, substr(own, strpos(own, '=') + 1) AS set
    ) v
    WHERE CASE
        WHEN lower(s.name) <> lower(split_part(own, '=', 1)) THEN false
        WHEN s.vartype = 'bool' THEN v.set::boolean = v.usual::boolean
        ELSE lower(regexp_replace(v.set, '^0\s*(us|ms|s|min|h|d)$', '0')) = lower(v.usual) END)"""
"""A setting of a database that says what holds without it, too."""
_OURS: Final = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_FIRST_OF_USERS: Final = "16384"  # below it are the oids of what initdb makes
_PARTS: Final[Mapping[str, str]] = {
    "OURS": _OURS,
    "SORTED": _SORTED,
    "OWNER": _OWNER,
    "USUAL": _USUAL,
    "FIRST_OF_USERS": _FIRST_OF_USERS,
}
OBJECTS: Final[Mapping[str, str]] = {
    "schema": """
        SELECT n.nspname, replace(concat_ws(' ', pg_get_userbyid(n.nspowner),
               (SELECT SORTED FROM unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS one
                WHERE n.nspname <> 'public' OR one::text !~ '^=U/')), 'pg_database_owner', (OWNER))
        FROM pg_namespace n WHERE OURS""",
    "extension": "SELECT extname, extversion FROM pg_extension",
    "relation": """
        SELECT n.nspname || '.' || c.relname, concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity,
               c.relforcerowsecurity, pg_get_userbyid(c.relowner), c.reloptions::text, c.relreplident,
               (SELECT SORTED FROM unnest(coalesce(c.relacl, acldefault(
                    CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) AS one))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')""",
    "column": """
        SELECT n.nspname || '.' || c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attnotnull THEN 'NOT NULL' END, a.attidentity, a.attgenerated,
               pg_get_expr(d.adbin, d.adrelid), nullif(a.attcollation, t.typcollation)::regcollation,
               (SELECT SORTED FROM unnest(a.attacl) AS one))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE OURS AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""",
    "constraint": """
        SELECT c.conrelid::regclass::text || ' ' || c.conname,
               concat_ws(' ', pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'not validated' END)
        FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE OURS""",
    "index": """
        SELECT i.indexrelid::regclass::text,
               concat_ws(' ', pg_get_indexdef(i.indexrelid), CASE WHEN NOT i.indisvalid THEN 'invalid' END)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS""",
    "view": """
        SELECT c.oid::regclass::text, pg_get_viewdef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE OURS AND c.relkind IN ('v', 'm')""",
    "function": """
        SELECT p.oid::regprocedure::text, concat_ws(' ', pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner),
               (SELECT SORTED FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) AS one))
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE OURS AND p.prokind IN ('f', 'p')""",
    "trigger": """
        SELECT t.tgrelid::regclass::text || ' ' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS AND NOT t.tgisinternal""",
    "constraint trigger": """
        SELECT t.tgrelid::regclass::text || ' ' || k.conname || ' ' || row_number() OVER (
                   PARTITION BY t.tgrelid, k.oid ORDER BY t.tgtype), t.tgenabled::text
        FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint JOIN pg_class c ON c.oid = t.tgrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE OURS AND t.tgisinternal""",
    "type": """
        SELECT t.oid::regtype::text, concat_ws(' ', t.typtype, (
            SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE OURS AND (t.typtype IN ('e', 'd', 'r')
            OR t.typtype = 'c' AND (SELECT c.relkind = 'c' FROM pg_class c WHERE c.oid = t.typrelid))""",
    "publication": "SELECT pubname, pubowner::regrole::text FROM pg_publication",
    "numbers of": """
        SELECT seqrelid::regclass::text, (to_jsonb(s) - 'seqrelid')::text FROM pg_sequence s""",
    "other": """
        SELECT pg_describe_object(classid, objid, 0), '' FROM (
            SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext UNION ALL
            SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE prokind NOT IN ('f', 'p') UNION ALL
            SELECT 'pg_largeobject'::regclass, oid FROM pg_largeobject_metadata UNION ALL
            SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper UNION ALL
            SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server UNION ALL
            SELECT 'pg_user_mapping'::regclass, oid FROM pg_user_mapping UNION ALL
            SELECT 'pg_language'::regclass, oid FROM pg_language UNION ALL
            SELECT 'pg_cast'::regclass, oid FROM pg_cast UNION ALL
            SELECT 'pg_operator'::regclass, oid FROM pg_operator UNION ALL
            SELECT 'pg_collation'::regclass, oid FROM pg_collation UNION ALL
            SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config UNION ALL
            SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict) AS o (classid, objid)
        WHERE objid >= FIRST_OF_USERS""",
    "comment on": """
        SELECT pg_describe_object(classoid, objoid, objsubid), description FROM pg_description
        WHERE objoid >= FIRST_OF_USERS""",
    "default privileges": """
        SELECT concat_ws(' ', d.defaclrole::regrole, d.defaclnamespace::regnamespace, d.defaclobjtype),
               (SELECT SORTED FROM unnest(d.defaclacl) AS one) FROM pg_default_acl d""",
    "policy": """
        SELECT p.polrelid::regclass::text || ' ' || p.polname, concat_ws(' ', p.polcmd, p.polpermissive,
               p.polroles::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS""",
    "rule": """
        SELECT r.ev_class::regclass::text || ' ' || r.rulename, concat_ws(' ', pg_get_ruledef(r.oid), r.ev_enabled)
        FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS AND r.ev_type <> '1'""",
    "event trigger": """
        SELECT evtname, concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, evttags::text) FROM pg_event_trigger""",
}
"""What makes up a schema; the columns' order is none of it, because a column that comes back comes last.

Rights are compared as they hold: none written down means the default ones. The schema public may have been made anew:
then its owner is the database's by name, and what everybody may do with it by default, look into it, is not written.
"""

FLAGS: Final = """
    SELECT datname, datallowconn, datconnlimit, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate,
           datctype, datistemplate, (SELECT SORTED FROM unnest(coalesce(datacl, acldefault('d', datdba))) AS one),
           (SELECT string_agg(concat_ws(' ', CASE WHEN setrole <> 0 THEN setrole::regrole END, own), ', '
                              ORDER BY setrole, own)
            FROM pg_db_role_setting, unnest(setconfig) AS own
            WHERE setdatabase = d.oid AND NOT (setrole = 0 AND USUAL)),
           shobj_description(oid, 'pg_database')
    FROM pg_database d WHERE datname <> 'template0'"""
FLAG_NAMES: Final = (
    "connections allowed",
    "connection limit",
    "owner",
    "encoding",
    "collation",
    "character type",
    "template",
    "privileges",
    "settings",
    "comment",
)
SERVER: Final[Mapping[str, LiteralString]] = {
    "roles": """
        SELECT string_agg((to_jsonb(a) - 'oid')::text, '; ' ORDER BY rolname) FROM pg_authid a""",
    "memberships": """
        SELECT string_agg((to_jsonb(m) - 'oid')::text, '; ' ORDER BY roleid, member) FROM pg_auth_members m""",
    "settings of roles": """
        SELECT string_agg(concat_ws(' ', setrole::regrole, setconfig::text), '; ' ORDER BY setrole)
        FROM pg_db_role_setting WHERE setdatabase = 0""",
    "settings by ALTER SYSTEM": """
        SELECT string_agg(name || ' = ' || setting, '; ' ORDER BY name) FROM pg_file_settings
        WHERE sourcefile LIKE '%postgresql.auto.conf'""",
    "settings": """
        SELECT string_agg(name || ' = ' || setting, '; ' ORDER BY name) FROM pg_settings
        WHERE source IN ('configuration file', 'command line')""",
    "rules of entry": """
        SELECT string_agg(concat_ws(' ', type, database, user_name, auth_method), '; ' ORDER BY rule_number)
        FROM pg_hba_file_rules""",
    "tablespaces": "SELECT string_agg(spcname, '; ' ORDER BY spcname) FROM pg_tablespace",
}


def asked(text: str) -> bytes:
    """One of these with its parts, about the schemas that are not PostgreSQL's own."""
    for name, part in _PARTS.items():
        text = text.replace(name, part)
    return text.encode()
