mod classify;
mod desk;
