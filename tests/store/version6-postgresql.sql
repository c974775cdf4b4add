CREATE FUNCTION public.claims_order() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$ BEGIN IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq), 0) + 1 FROM claims) OR NEW.prev_hash IS DISTINCT FROM coalesce((SELECT hash FROM claims WHERE seq = NEW.seq - 1), '0000000000000000000000000000000000000000000000000000000000000000') THEN RAISE EXCEPTION 'mithaq: the record is append-only' USING ERRCODE = 'insufficient_privilege'; END IF; RETURN NEW; END $$;
CREATE FUNCTION public.claims_refuse() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$ BEGIN RAISE EXCEPTION 'mithaq: the record is append-only' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE FUNCTION public.links_order() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$ BEGIN IF NEW.seq <= (SELECT coalesce(max(seq), 0) FROM claims) THEN RAISE EXCEPTION 'mithaq: the record is append-only' USING ERRCODE = 'insufficient_privilege'; END IF; RETURN NEW; END $$;
CREATE FUNCTION public.links_refuse() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$ BEGIN RAISE EXCEPTION 'mithaq: the record is append-only' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE FUNCTION public.schema_versions_order() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$ BEGIN IF NEW.version IS DISTINCT FROM (SELECT coalesce(max(version), 0) + 1 FROM schema_versions) THEN RAISE EXCEPTION 'mithaq: the record is append-only' USING ERRCODE = 'insufficient_privilege'; END IF; RETURN NEW; END $$;
CREATE FUNCTION public.schema_versions_refuse() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$ BEGIN RAISE EXCEPTION 'mithaq: the record is append-only' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE FUNCTION public.terms_order() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$ BEGIN IF NEW.first <= (SELECT coalesce(max(seq), 0) FROM claims) THEN RAISE EXCEPTION 'mithaq: the record is append-only' USING ERRCODE = 'insufficient_privilege'; END IF; RETURN NEW; END $$;
CREATE FUNCTION public.terms_refuse() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$ BEGIN RAISE EXCEPTION 'mithaq: the record is append-only' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE TABLE public.claims (
    seq bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    content_id text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL COLLATE pg_catalog."C",
    recorded_at text NOT NULL COLLATE pg_catalog."C",
    recorded_by text NOT NULL COLLATE pg_catalog."C",
    corrects text COLLATE pg_catalog."C",
    retracts text COLLATE pg_catalog."C",
    prev_hash text NOT NULL COLLATE pg_catalog."C",
    hash text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.links (
    value text NOT NULL COLLATE pg_catalog."C",
    property text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL
);
CREATE TABLE public.schema_versions (
    version integer NOT NULL
);
CREATE TABLE public.terms (
    what text NOT NULL COLLATE pg_catalog."C",
    term text NOT NULL COLLATE pg_catalog."C",
    first bigint NOT NULL,
    rows text NOT NULL COLLATE pg_catalog."C"
);
INSERT INTO public.claims VALUES (1, 'source', 'paper', '42a13ea144107e9faf589c884a4062a4cbf89b019bdb10851ab3602e490c1a3e', '{"content":{"id":"paper","lang":"fr","published":"2006-08-05","published_basis":"stated","publisher":"Paper"},"kind":"source","prev_hash":"0000000000000000000000000000000000000000000000000000000000000000","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":1,"subject":"paper"}', '2026-11-22T13:00:00.000000Z', 'tester', NULL, NULL, '0000000000000000000000000000000000000000000000000000000000000000', '9df9ae72613acc48778da54448384f6d17c49db372f2fa8654897958ce85b769');
INSERT INTO public.claims VALUES (2, 'source', 'agency', 'a83f9fc39d3f5e43f87f677f0601dbbc20a9c9e3b6a107d8dde371da61c60d38', '{"content":{"id":"agency","lang":"ru","published":"2007-12-15","published_basis":"stated","publisher":"Agency"},"kind":"source","prev_hash":"9df9ae72613acc48778da54448384f6d17c49db372f2fa8654897958ce85b769","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":2,"subject":"agency"}', '2026-11-22T13:00:00.000000Z', 'tester', NULL, NULL, '9df9ae72613acc48778da54448384f6d17c49db372f2fa8654897958ce85b769', 'ed0d9345f77dcfb4f051bc5314b15e0935175a2d5577445c0ec32e3dc8bd34c0');
INSERT INTO public.claims VALUES (3, 'subject', 'gazprom', 'f99499ddf45b46f648bb4da0bd33b77da0884668f02420be61672f4d96958466', '{"content":{"kind":"party"},"kind":"subject","prev_hash":"ed0d9345f77dcfb4f051bc5314b15e0935175a2d5577445c0ec32e3dc8bd34c0","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":3,"subject":"gazprom"}', '2026-11-22T13:00:00.000000Z', 'tester', NULL, NULL, 'ed0d9345f77dcfb4f051bc5314b15e0935175a2d5577445c0ec32e3dc8bd34c0', '2c5bef67ea182f8e311aa60b40c0c72b3e90884b643ef7d56bed32f920587168');
INSERT INTO public.claims VALUES (4, 'subject', 'sonatrach', 'f99499ddf45b46f648bb4da0bd33b77da0884668f02420be61672f4d96958466', '{"content":{"kind":"party"},"kind":"subject","prev_hash":"2c5bef67ea182f8e311aa60b40c0c72b3e90884b643ef7d56bed32f920587168","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":4,"subject":"sonatrach"}', '2026-11-22T13:00:00.000000Z', 'tester', NULL, NULL, '2c5bef67ea182f8e311aa60b40c0c72b3e90884b643ef7d56bed32f920587168', '47ca5b803eb1d59d8ed179b4ae4c7e1f46aa344c97e0b66de4feb628a5cc162c');
INSERT INTO public.claims VALUES (5, 'subject', 'mou', 'a4e29c4fb5f9d2310faa7c4f06640675f96f04c978f5d0f15d499d944d60f973', '{"content":{"kind":"agreement"},"kind":"subject","prev_hash":"47ca5b803eb1d59d8ed179b4ae4c7e1f46aa344c97e0b66de4feb628a5cc162c","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":5,"subject":"mou"}', '2026-11-22T13:00:00.000000Z', 'tester', NULL, NULL, '47ca5b803eb1d59d8ed179b4ae4c7e1f46aa344c97e0b66de4feb628a5cc162c', '8e1a529bc0834acef287b6456cb4afc8c5c4077eec9eab19c3863bd0c6651506');
INSERT INTO public.claims VALUES (6, 'claim', 'mou', 'a27d137a49ab4e200f4473eb6fffccb98d9f117c0ff427c14d1b2355b5c454d5', '{"content":{"basis":"reported","modality":"actual","polarity":"affirmed","property":"signed","rank":"normal","source":"paper","subject":"mou","value":"2006-08-04"},"kind":"claim","prev_hash":"8e1a529bc0834acef287b6456cb4afc8c5c4077eec9eab19c3863bd0c6651506","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":6,"subject":"mou"}', '2026-11-22T13:00:00.000000Z', 'tester', NULL, NULL, '8e1a529bc0834acef287b6456cb4afc8c5c4077eec9eab19c3863bd0c6651506', 'a36b9c8418f36f21a995ea6aba67beafaa82bc3abafa1012ca014fda2ae6a47f');
INSERT INTO public.claims VALUES (7, 'correction', 'mou', '07c88f4007de327f8198a8b1376d7fe32878a2baa65dd3804aac4bd18716732e', '{"content":{"basis":"reported","modality":"actual","polarity":"affirmed","property":"signed","rank":"normal","source":"paper","subject":"mou","value":"2006-08-11"},"corrects":"a27d137a49ab4e200f4473eb6fffccb98d9f117c0ff427c14d1b2355b5c454d5","kind":"correction","prev_hash":"a36b9c8418f36f21a995ea6aba67beafaa82bc3abafa1012ca014fda2ae6a47f","recorded_at":"2026-11-22T15:00:00.000000Z","recorded_by":"tester","seq":7,"subject":"mou","why":"misread"}', '2026-11-22T15:00:00.000000Z', 'tester', 'a27d137a49ab4e200f4473eb6fffccb98d9f117c0ff427c14d1b2355b5c454d5', NULL, 'a36b9c8418f36f21a995ea6aba67beafaa82bc3abafa1012ca014fda2ae6a47f', '481bde0d156aff8c1651c700db096f12afb180c30600482ddf796829dd95949b');
INSERT INTO public.links VALUES ('2006-08-04', 'signed', 'mou', 6);
INSERT INTO public.links VALUES ('2006-08-11', 'signed', 'mou', 7);
INSERT INTO public.schema_versions VALUES (1);
INSERT INTO public.schema_versions VALUES (2);
INSERT INTO public.schema_versions VALUES (3);
INSERT INTO public.schema_versions VALUES (4);
INSERT INTO public.schema_versions VALUES (5);
INSERT INTO public.schema_versions VALUES (6);
INSERT INTO public.terms VALUES ('claim', '04', 6, '6');
INSERT INTO public.terms VALUES ('claim', '08', 6, '6 1');
INSERT INTO public.terms VALUES ('claim', '11', 7, '7');
INSERT INTO public.terms VALUES ('claim', '2006', 6, '6 1');
INSERT INTO public.terms VALUES ('is source', 'agency', 2, '2');
INSERT INTO public.terms VALUES ('is source', 'paper', 1, '1');
INSERT INTO public.terms VALUES ('is subject', 'gazprom', 3, '3');
INSERT INTO public.terms VALUES ('is subject', 'mou', 5, '5');
INSERT INTO public.terms VALUES ('is subject', 'sonatrach', 4, '4');
INSERT INTO public.terms VALUES ('refers', '2006-08-04', 6, '6');
INSERT INTO public.terms VALUES ('refers', '2006-08-11', 7, '7');
INSERT INTO public.terms VALUES ('source', 'agency', 2, '2');
INSERT INTO public.terms VALUES ('source', 'paper', 1, '1');
ALTER TABLE ONLY public.claims
    ADD CONSTRAINT claims_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (value, property, subject, seq);
ALTER TABLE ONLY public.schema_versions
    ADD CONSTRAINT schema_versions_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.terms
    ADD CONSTRAINT terms_pkey PRIMARY KEY (what, term, first);
CREATE INDEX claims_about ON public.claims USING btree (seq, subject);
CREATE INDEX claims_content ON public.claims USING btree (content_id);
CREATE INDEX claims_corrects ON public.claims USING btree (corrects);
CREATE INDEX claims_recorded ON public.claims USING btree (recorded_at);
CREATE INDEX claims_retracts ON public.claims USING btree (retracts);
CREATE INDEX claims_subject ON public.claims USING btree (subject);
CREATE TRIGGER claims_in_order BEFORE INSERT ON public.claims FOR EACH ROW EXECUTE FUNCTION public.claims_order();
ALTER TABLE public.claims ENABLE ALWAYS TRIGGER claims_in_order;
CREATE TRIGGER claims_no_delete BEFORE DELETE ON public.claims FOR EACH STATEMENT EXECUTE FUNCTION public.claims_refuse();
ALTER TABLE public.claims ENABLE ALWAYS TRIGGER claims_no_delete;
CREATE TRIGGER claims_no_truncate BEFORE TRUNCATE ON public.claims FOR EACH STATEMENT EXECUTE FUNCTION public.claims_refuse();
ALTER TABLE public.claims ENABLE ALWAYS TRIGGER claims_no_truncate;
CREATE TRIGGER claims_no_update BEFORE UPDATE ON public.claims FOR EACH STATEMENT EXECUTE FUNCTION public.claims_refuse();
ALTER TABLE public.claims ENABLE ALWAYS TRIGGER claims_no_update;
CREATE TRIGGER links_in_order BEFORE INSERT ON public.links FOR EACH ROW EXECUTE FUNCTION public.links_order();
ALTER TABLE public.links ENABLE ALWAYS TRIGGER links_in_order;
CREATE TRIGGER links_no_delete BEFORE DELETE ON public.links FOR EACH STATEMENT EXECUTE FUNCTION public.links_refuse();
ALTER TABLE public.links ENABLE ALWAYS TRIGGER links_no_delete;
CREATE TRIGGER links_no_truncate BEFORE TRUNCATE ON public.links FOR EACH STATEMENT EXECUTE FUNCTION public.links_refuse();
ALTER TABLE public.links ENABLE ALWAYS TRIGGER links_no_truncate;
CREATE TRIGGER links_no_update BEFORE UPDATE ON public.links FOR EACH STATEMENT EXECUTE FUNCTION public.links_refuse();
ALTER TABLE public.links ENABLE ALWAYS TRIGGER links_no_update;
CREATE TRIGGER schema_versions_in_order BEFORE INSERT ON public.schema_versions FOR EACH ROW EXECUTE FUNCTION public.schema_versions_order();
ALTER TABLE public.schema_versions ENABLE ALWAYS TRIGGER schema_versions_in_order;
CREATE TRIGGER schema_versions_no_delete BEFORE DELETE ON public.schema_versions FOR EACH STATEMENT EXECUTE FUNCTION public.schema_versions_refuse();
ALTER TABLE public.schema_versions ENABLE ALWAYS TRIGGER schema_versions_no_delete;
CREATE TRIGGER schema_versions_no_truncate BEFORE TRUNCATE ON public.schema_versions FOR EACH STATEMENT EXECUTE FUNCTION public.schema_versions_refuse();
ALTER TABLE public.schema_versions ENABLE ALWAYS TRIGGER schema_versions_no_truncate;
CREATE TRIGGER schema_versions_no_update BEFORE UPDATE ON public.schema_versions FOR EACH STATEMENT EXECUTE FUNCTION public.schema_versions_refuse();
ALTER TABLE public.schema_versions ENABLE ALWAYS TRIGGER schema_versions_no_update;
CREATE TRIGGER terms_in_order BEFORE INSERT ON public.terms FOR EACH ROW EXECUTE FUNCTION public.terms_order();
ALTER TABLE public.terms ENABLE ALWAYS TRIGGER terms_in_order;
CREATE TRIGGER terms_no_delete BEFORE DELETE ON public.terms FOR EACH STATEMENT EXECUTE FUNCTION public.terms_refuse();
ALTER TABLE public.terms ENABLE ALWAYS TRIGGER terms_no_delete;
CREATE TRIGGER terms_no_truncate BEFORE TRUNCATE ON public.terms FOR EACH STATEMENT EXECUTE FUNCTION public.terms_refuse();
ALTER TABLE public.terms ENABLE ALWAYS TRIGGER terms_no_truncate;
CREATE TRIGGER terms_no_update BEFORE UPDATE ON public.terms FOR EACH STATEMENT EXECUTE FUNCTION public.terms_refuse();
ALTER TABLE public.terms ENABLE ALWAYS TRIGGER terms_no_update;
GRANT SELECT,INSERT ON TABLE public.claims TO mithaq_writer;
GRANT SELECT,INSERT ON TABLE public.links TO mithaq_writer;
GRANT SELECT,INSERT ON TABLE public.schema_versions TO mithaq_writer;
GRANT SELECT,INSERT ON TABLE public.terms TO mithaq_writer;
