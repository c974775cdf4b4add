BEGIN TRANSACTION;
CREATE TABLE claims (
	seq INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	content_id TEXT NOT NULL, 
	body TEXT NOT NULL, 
	recorded_at TEXT NOT NULL, 
	recorded_by TEXT NOT NULL, 
	corrects TEXT, 
	retracts TEXT, 
	prev_hash TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "claims" VALUES(1,'source','paper','42a13ea144107e9faf589c884a4062a4cbf89b019bdb10851ab3602e490c1a3e','{"content":{"id":"paper","lang":"fr","published":"2006-08-05","published_basis":"stated","publisher":"Paper"},"kind":"source","prev_hash":"0000000000000000000000000000000000000000000000000000000000000000","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":1,"subject":"paper"}','2026-11-22T13:00:00.000000Z','tester',NULL,NULL,'0000000000000000000000000000000000000000000000000000000000000000','9df9ae72613acc48778da54448384f6d17c49db372f2fa8654897958ce85b769');
INSERT INTO "claims" VALUES(2,'source','agency','a83f9fc39d3f5e43f87f677f0601dbbc20a9c9e3b6a107d8dde371da61c60d38','{"content":{"id":"agency","lang":"ru","published":"2007-12-15","published_basis":"stated","publisher":"Agency"},"kind":"source","prev_hash":"9df9ae72613acc48778da54448384f6d17c49db372f2fa8654897958ce85b769","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":2,"subject":"agency"}','2026-11-22T13:00:00.000000Z','tester',NULL,NULL,'9df9ae72613acc48778da54448384f6d17c49db372f2fa8654897958ce85b769','ed0d9345f77dcfb4f051bc5314b15e0935175a2d5577445c0ec32e3dc8bd34c0');
INSERT INTO "claims" VALUES(3,'subject','gazprom','f99499ddf45b46f648bb4da0bd33b77da0884668f02420be61672f4d96958466','{"content":{"kind":"party"},"kind":"subject","prev_hash":"ed0d9345f77dcfb4f051bc5314b15e0935175a2d5577445c0ec32e3dc8bd34c0","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":3,"subject":"gazprom"}','2026-11-22T13:00:00.000000Z','tester',NULL,NULL,'ed0d9345f77dcfb4f051bc5314b15e0935175a2d5577445c0ec32e3dc8bd34c0','2c5bef67ea182f8e311aa60b40c0c72b3e90884b643ef7d56bed32f920587168');
INSERT INTO "claims" VALUES(4,'subject','sonatrach','f99499ddf45b46f648bb4da0bd33b77da0884668f02420be61672f4d96958466','{"content":{"kind":"party"},"kind":"subject","prev_hash":"2c5bef67ea182f8e311aa60b40c0c72b3e90884b643ef7d56bed32f920587168","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":4,"subject":"sonatrach"}','2026-11-22T13:00:00.000000Z','tester',NULL,NULL,'2c5bef67ea182f8e311aa60b40c0c72b3e90884b643ef7d56bed32f920587168','47ca5b803eb1d59d8ed179b4ae4c7e1f46aa344c97e0b66de4feb628a5cc162c');
INSERT INTO "claims" VALUES(5,'subject','mou','a4e29c4fb5f9d2310faa7c4f06640675f96f04c978f5d0f15d499d944d60f973','{"content":{"kind":"agreement"},"kind":"subject","prev_hash":"47ca5b803eb1d59d8ed179b4ae4c7e1f46aa344c97e0b66de4feb628a5cc162c","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":5,"subject":"mou"}','2026-11-22T13:00:00.000000Z','tester',NULL,NULL,'47ca5b803eb1d59d8ed179b4ae4c7e1f46aa344c97e0b66de4feb628a5cc162c','8e1a529bc0834acef287b6456cb4afc8c5c4077eec9eab19c3863bd0c6651506');
INSERT INTO "claims" VALUES(6,'claim','mou','a27d137a49ab4e200f4473eb6fffccb98d9f117c0ff427c14d1b2355b5c454d5','{"content":{"basis":"reported","modality":"actual","polarity":"affirmed","property":"signed","rank":"normal","source":"paper","subject":"mou","value":"2006-08-04"},"kind":"claim","prev_hash":"8e1a529bc0834acef287b6456cb4afc8c5c4077eec9eab19c3863bd0c6651506","recorded_at":"2026-11-22T13:00:00.000000Z","recorded_by":"tester","seq":6,"subject":"mou"}','2026-11-22T13:00:00.000000Z','tester',NULL,NULL,'8e1a529bc0834acef287b6456cb4afc8c5c4077eec9eab19c3863bd0c6651506','a36b9c8418f36f21a995ea6aba67beafaa82bc3abafa1012ca014fda2ae6a47f');
INSERT INTO "claims" VALUES(7,'correction','mou','07c88f4007de327f8198a8b1376d7fe32878a2baa65dd3804aac4bd18716732e','{"content":{"basis":"reported","modality":"actual","polarity":"affirmed","property":"signed","rank":"normal","source":"paper","subject":"mou","value":"2006-08-11"},"corrects":"a27d137a49ab4e200f4473eb6fffccb98d9f117c0ff427c14d1b2355b5c454d5","kind":"correction","prev_hash":"a36b9c8418f36f21a995ea6aba67beafaa82bc3abafa1012ca014fda2ae6a47f","recorded_at":"2026-11-22T15:00:00.000000Z","recorded_by":"tester","seq":7,"subject":"mou","why":"misread"}','2026-11-22T15:00:00.000000Z','tester','a27d137a49ab4e200f4473eb6fffccb98d9f117c0ff427c14d1b2355b5c454d5',NULL,'a36b9c8418f36f21a995ea6aba67beafaa82bc3abafa1012ca014fda2ae6a47f','481bde0d156aff8c1651c700db096f12afb180c30600482ddf796829dd95949b');
CREATE TABLE links (
	value TEXT NOT NULL, 
	property TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	PRIMARY KEY (value, property, subject, seq)
)
 WITHOUT ROWID

;
INSERT INTO "links" VALUES('2006-08-04','signed','mou',6);
INSERT INTO "links" VALUES('2006-08-11','signed','mou',7);
CREATE TABLE schema_versions (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_versions" VALUES(1);
INSERT INTO "schema_versions" VALUES(2);
INSERT INTO "schema_versions" VALUES(3);
INSERT INTO "schema_versions" VALUES(4);
INSERT INTO "schema_versions" VALUES(5);
INSERT INTO "schema_versions" VALUES(6);
CREATE TABLE terms (
	what TEXT NOT NULL, 
	term TEXT NOT NULL, 
	first INTEGER NOT NULL, 
	rows TEXT NOT NULL, 
	PRIMARY KEY (what, term, first)
)
 WITHOUT ROWID

;
INSERT INTO "terms" VALUES('claim','04',6,'6');
INSERT INTO "terms" VALUES('claim','08',6,'6 1');
INSERT INTO "terms" VALUES('claim','11',7,'7');
INSERT INTO "terms" VALUES('claim','2006',6,'6 1');
INSERT INTO "terms" VALUES('is source','agency',2,'2');
INSERT INTO "terms" VALUES('is source','paper',1,'1');
INSERT INTO "terms" VALUES('is subject','gazprom',3,'3');
INSERT INTO "terms" VALUES('is subject','mou',5,'5');
INSERT INTO "terms" VALUES('is subject','sonatrach',4,'4');
INSERT INTO "terms" VALUES('refers','2006-08-04',6,'6');
INSERT INTO "terms" VALUES('refers','2006-08-11',7,'7');
INSERT INTO "terms" VALUES('source','agency',2,'2');
INSERT INTO "terms" VALUES('source','paper',1,'1');
CREATE INDEX claims_corrects ON claims (corrects);
CREATE INDEX claims_content ON claims (content_id);
CREATE INDEX claims_recorded ON claims (recorded_at);
CREATE INDEX claims_retracts ON claims (retracts);
CREATE TRIGGER claims_no_update BEFORE UPDATE ON claims BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE TRIGGER claims_no_delete BEFORE DELETE ON claims BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE TRIGGER claims_in_order BEFORE INSERT ON claims WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM claims) OR NEW.prev_hash IS NOT coalesce((SELECT hash FROM claims WHERE seq = NEW.seq - 1), '0000000000000000000000000000000000000000000000000000000000000000') BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE TRIGGER schema_versions_no_update BEFORE UPDATE ON schema_versions BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE TRIGGER schema_versions_no_delete BEFORE DELETE ON schema_versions BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE TRIGGER schema_versions_in_order BEFORE INSERT ON schema_versions WHEN NEW.version IS NOT (SELECT coalesce(max(version), 0) + 1 FROM schema_versions) BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE INDEX claims_subject ON claims (subject);
CREATE TRIGGER terms_no_update BEFORE UPDATE ON terms BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE TRIGGER terms_no_delete BEFORE DELETE ON terms BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE TRIGGER terms_in_order BEFORE INSERT ON terms WHEN NEW.first <= (SELECT coalesce(max(seq), 0) FROM claims) BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE INDEX claims_about ON claims (seq, subject);
CREATE TRIGGER links_no_update BEFORE UPDATE ON links BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE TRIGGER links_no_delete BEFORE DELETE ON links BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
CREATE TRIGGER links_in_order BEFORE INSERT ON links WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM claims) BEGIN SELECT RAISE(ABORT, 'mithaq: the record is append-only'); END;
COMMIT;
