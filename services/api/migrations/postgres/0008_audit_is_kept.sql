-- The audit log is only added to, whatever is wrong with us: what was done, by whom, to what and when stays as it was
-- written. What a session was called and what was asked in it may be emptied, since it is deleted with the session.
CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only added to';
END
$$;

CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_audit_log();

CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log();

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
FOR EACH ROW WHEN (
    (NEW.audit_id, NEW.at, NEW.place, NEW.user_id, NEW.username, NEW.action, NEW.entity, NEW.object_id,
     NEW.machine_id, NEW.worker_id, NEW.session_id, NEW.actor_id, NEW.actor_name, NEW.actor_worker_id,
     NEW.token_id, NEW.token_name, NEW.address)
 <> (OLD.audit_id, OLD.at, OLD.place, OLD.user_id, OLD.username, OLD.action, OLD.entity, OLD.object_id,
     OLD.machine_id, OLD.worker_id, OLD.session_id, OLD.actor_id, OLD.actor_name, OLD.actor_worker_id,
     OLD.token_id, OLD.token_name, OLD.address)
  OR NEW.object_name NOT IN ('', OLD.object_name)
  OR NEW.detail NOT IN ('', OLD.detail)
) EXECUTE FUNCTION refuse_to_change_the_audit_log();
